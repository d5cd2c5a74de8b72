/** Archives that try to do harm, although the registry vouches for their bytes. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { modelEntries, npm, useLocalHub, weights } from '../../test/local-hub.ts'
import { type PackedEntry, pack } from '../../test/local-registry.ts'
import { HubError } from '../errors.ts'
import { fetchModel } from './hub.ts'

const hub = useLocalHub()

describe('a hostile archive', () => {
  const good: PackedEntry = { path: 'package/net/model.json', content: '{}' }

  it.each<[string, readonly PackedEntry[], RegExp]>([
    ['climbs out', [good, { path: 'package/net/../../../evil', content: 'x' }], /leads out of the package/],
    ['climbs out at once', [{ path: '../evil', content: 'x' }, good], /leads out of the package/],
    ['climbs out as Windows does', [{ path: 'package\\..\\..\\evil', content: 'x' }, good], /leads out/],
    ['is absolute', [{ path: '/evil', content: 'x' }, good], /leads out of the package/],
    ['names a drive', [{ path: 'C:/evil', content: 'x' }, good], /leads out of the package/],
    [
      'links to elsewhere',
      [good, { path: 'package/net/a', type: 'SymbolicLink', linkpath: '/etc' }],
      /is a SymbolicLink/,
    ],
    [
      'links hard',
      [good, { path: 'package/net/a', type: 'Link', linkpath: 'package/net/model.json' }],
      /is a Link/,
    ],
    ['names a stream', [good, { path: 'package/net/a:b', content: 'x' }], /not every system can write/],
    ['claims too many bytes', [good, { path: 'package/big', size: 8_589_934_591 }], /unpacks to more than/],
    [
      'holds too many files',
      Array.from({ length: 10_001 }, (_, i) => ({ path: `package/docs/${i}` })),
      /more than 10000 entries/,
    ],
  ])('that %s is refused as a whole', async (_, entries, message) => {
    await hub.publish([weights(entries)])
    const error = await hub.failure('npm:weights@1.0.0/net')
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toMatch(message)
    expect(await hub.cached()).toEqual([])
    expect((await readdir(hub.folder)).sort()).toEqual(['cache', 'npmrc'])
  })

  it.each([
    ['is a bomb', gzipSync(Buffer.alloc(2 ** 26)), /damaged \(.*ratio/],
    ['is cut short', pack(modelEntries).subarray(0, 300), /damaged/],
    ['is no archive', Buffer.from('hello'), /damaged/],
    ['is empty', Buffer.alloc(0), /damaged|holds no "net"/],
  ])('that %s is refused, though its hash is right', async (_, tarball, message) => {
    await hub.publish([weights([], { tarball })])
    const error = await hub.failure('npm:weights@1.0.0/net')
    expect(error).toBeInstanceOf(HubError)
    expect(error.message).toMatch(message)
    expect(await hub.cached()).toEqual([])
  })

  it('cannot make files that the cache may not read', async () => {
    await hub.publish([weights()])
    const { path } = await fetchModel(npm('npm:weights@1.0.0/net'))
    expect((await stat(join(path, 'model.json'))).mode & 0o777).toBe(
      process.platform === 'win32' ? 0o666 : 0o644,
    )
  })
})
