/** A place for tests of the hub: a temporary cache, npm's settings of its own, and a registry on this machine. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, vi } from 'vitest'
import { fetchModel } from '../src/hub/hub.ts'
import { type NpmReference, parseReference } from '../src/hub/reference.ts'
import {
  type LocalRegistry,
  type PackedEntry,
  type PublishedPackage,
  pack,
  serveRegistry,
} from './local-registry.ts'

/** Weights as they are: bytes that do not compress. */
export const shard: Uint8Array = randomBytes(300_000)

/** A package with a model in a folder, and a file beside it. */
export const modelEntries: readonly PackedEntry[] = [
  { path: 'package/package.json', content: '{"name":"weights","version":"1.0.0"}' },
  { path: 'package/net', type: 'Directory' },
  { path: 'package/net/model.json', content: '{"modelTopology":{}}' },
  { path: 'package/net/group1-shard1of1.bin', content: shard },
  { path: 'package/other/file.txt', content: 'not wanted' },
]

export function weights(
  entries: readonly PackedEntry[] = modelEntries,
  more: Partial<PublishedPackage> = {},
): PublishedPackage {
  return { name: 'weights', version: '1.0.0', tarball: pack(entries), ...more }
}

export function npm(text: string): NpmReference {
  const reference = parseReference(text)
  if (reference.kind !== 'npm') throw new Error(`${text} names no package`)
  return reference
}

export interface LocalHub {
  /** A temporary folder; the cache is in it. */
  readonly folder: string
  /** Publishes packages, and points npm's settings at their registry. */
  publish(packages: readonly PublishedPackage[], settings?: readonly string[]): Promise<LocalRegistry>
  /** A registry that answers every request for metadata so. */
  publishAnswer(
    answer: (response: ServerResponse) => void,
    settings?: readonly string[],
  ): Promise<LocalRegistry>
  /** Writes npm's settings. */
  configure(url: string, settings?: readonly string[]): Promise<void>
  /** What stands in the cache, temporary folders included. */
  cached(): Promise<readonly string[]>
  /** The error of fetching what a text names; its message is one line. */
  failure(text: string): Promise<Error>
}

/** Sets the place up before each test of a file, and clears it after each. */
export function useLocalHub(): LocalHub {
  let folder = ''
  let registry: LocalRegistry | undefined
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'resnet-hub-'))
    for (const name of Object.keys(process.env).filter((key) => /^npm_/i.test(key)))
      vi.stubEnv(name, undefined)
    vi.stubEnv('npm_config_userconfig', join(folder, 'npmrc'))
    vi.stubEnv('npm_config_globalconfig', join(folder, 'global-npmrc'))
    vi.stubEnv('RESNET_TS_CACHE', join(folder, 'cache'))
  })
  afterEach(async () => {
    vi.unstubAllEnvs()
    await registry?.close()
    registry = undefined
    await rm(folder, { recursive: true, force: true })
  })
  return {
    get folder() {
      return folder
    },
    async publish(packages, settings) {
      registry = await serveRegistry(packages)
      await this.configure(registry.url, settings)
      return registry
    },
    async publishAnswer(answer, settings) {
      registry = await serveRegistry([], answer)
      await this.configure(registry.url, settings)
      return registry
    },
    async configure(url, settings = []) {
      const lines = [`registry=${url}`, 'noproxy=127.0.0.1', 'fetch-retries=0', ...settings]
      await writeFile(join(folder, 'npmrc'), lines.join('\n'))
    },
    cached: () => readdir(join(folder, 'cache', 'npm')).catch(() => []),
    failure,
  }
}

async function failure(text: string): Promise<Error> {
  const reference = parseReference(text)
  if (reference.kind !== 'npm' && reference.kind !== 'published') throw new Error(`${text} names no package`)
  const error = await fetchModel(reference).then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!(error instanceof Error)) throw new Error(`${text} was fetched`)
  expect(error.message).toMatch(/^[^\n]+$/)
  return error
}
