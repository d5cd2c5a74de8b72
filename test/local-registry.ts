/** A registry for tests: a real HTTP server on this machine that publishes what a test packs. */
import { createHash } from 'node:crypto'
import { createServer, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { Header } from 'tar'

/** One entry of an archive; `size` lies about the content's length. */
export interface PackedEntry {
  readonly path: string
  readonly content?: string | Uint8Array
  readonly type?: 'File' | 'Directory' | 'SymbolicLink' | 'Link'
  readonly linkpath?: string
  readonly size?: number
}

/** Packs entries as `npm pack` does, but takes names and types that npm would not. */
export function pack(entries: readonly PackedEntry[]): Buffer {
  const blocks = entries.flatMap(({ path, content = '', type = 'File', linkpath, size }) => {
    const body = Buffer.from(content)
    const header = Buffer.alloc(512)
    new Header({
      path,
      type,
      mode: 0o644,
      size: size ?? body.length,
      ...(linkpath === undefined ? {} : { linkpath }),
    }).encode(header)
    return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]
  })
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]))
}

export function sha512(bytes: Uint8Array): string {
  return `sha512-${createHash('sha512').update(bytes).digest('base64')}`
}

export interface PublishedPackage {
  readonly name: string
  readonly version: string
  readonly tarball: Uint8Array
  /** What the metadata claims; the tarball's own unless given, none for `null`. */
  readonly integrity?: string | null
  /** What the metadata says of its files' bytes; nothing without it. */
  readonly unpackedSize?: number
  /** Answers the request for the tarball instead of the plain bytes. */
  readonly send?: (response: ServerResponse, tarball: Uint8Array) => void
}

export interface LocalRegistry {
  readonly url: string
  readonly host: string
  readonly requests: readonly { readonly path: string; readonly authorization: string | undefined }[]
  close(): Promise<void>
}

/** Serves packages until closed; `answer` stands in for the metadata of every one. */
export async function serveRegistry(
  packages: readonly PublishedPackage[],
  answer?: (response: ServerResponse) => void,
): Promise<LocalRegistry> {
  const requests: { path: string; authorization: string | undefined }[] = []
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '')
    requests.push({ path, authorization: request.headers.authorization })
    const packed = packages.find((one) => path.replace(/\?.*/, '') === `/${one.name}/-/${one.version}.tgz`)
    if (packed?.send !== undefined) return packed.send(response, packed.tarball)
    if (packed !== undefined) return response.end(packed.tarball)
    if (answer !== undefined) return answer(response)
    const versions = packages.filter((one) => path === `/${one.name}`)
    if (versions.length === 0) return response.writeHead(404).end('{"error":"not found"}')
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify(metadata(versions, `http://${request.headers.host}`)))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    url: `http://127.0.0.1:${port}/`,
    host: `127.0.0.1:${port}`,
    requests,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function metadata(versions: readonly PublishedPackage[], origin: string) {
  const listed = versions.map(({ name, version, tarball, integrity = sha512(tarball), unpackedSize }) => {
    const address = `${origin}/${encodeURIComponent(name)}/-/${version}.tgz`
    const dist = { tarball: address, unpackedSize, ...(integrity === null ? {} : { integrity }) }
    return [version, { name, version, dist }] as const
  })
  return {
    name: versions[0]?.name,
    'dist-tags': { latest: versions.at(-1)?.version },
    versions: Object.fromEntries(listed),
  }
}
