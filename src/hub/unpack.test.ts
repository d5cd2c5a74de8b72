/** Archives that try to do harm, although the registry vouches for their bytes. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { Pax } from 'tar'
import { describe, expect, it } from 'vitest'
import { modelEntries, npm, useLocalHub, weights } from '../../test/local-hub.ts'
import { type PackedEntry, pack } from '../../test/local-registry.ts'
import { HubError } from '../errors.ts'
import { fetchModel } from './hub.ts'

const hub = useLocalHub()

/** An archive whose extended header gives its one file another name than the plain header does. */
function renamed(path: string): Buffer {
  const plain = gunzipSync(pack([{ path: 'package/net/model.json', content: '{}' }]))
  return gzipSync(Buffer.concat([new Pax({ path }).encode(), plain]))
}

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
    [
      'has files in a file',
      [good, { path: 'package/net/model.json/x', content: 'x' }],
      /"package\/net\/model.json\/x" both as a file and as a folder/,
    ],
    [
      'has a file for a folder',
      [good, { path: 'package/net/a/x', content: 'x' }, { path: 'package/net/a', content: 'x' }],
      /"package\/net\/a" both as a file and as a folder/,
    ],
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
    [
      'renames a file beyond 255 bytes',
      renamed(`package/net/${'é'.repeat(140)}`),
      /not every system can write/,
    ],
    ['renames a file to climb out', renamed('package/../../evil'), /leads out of the package/],
    ['nests a file too deep', renamed(`package/net/${'a/'.repeat(600)}b`), /not every system can write/],
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
