/** A static server over a folder, with the headers that isolate a page from other origins or without them. */
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, normalize, sep } from 'node:path'
import { text } from 'node:stream/consumers'

const types: ReadonlyMap<string, string> = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.js', 'text/javascript'],
  ['.css', 'text/css'],
  ['.png', 'image/png'],
])

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

export interface Server {
  /** Ends in a slash. */
  readonly address: string
  close(): Promise<void>
}

export interface ServeOptions {
  readonly isolated: boolean
  /** A Content-Security-Policy. */
  readonly policy?: string
  /** Told the text that a page posts. */
  readonly posted?: (text: string) => void
}

export async function serve(folder: string, { isolated, policy, posted }: ServeOptions): Promise<Server> {
  const server = createServer(async (request, response) => {
    if (request.method === 'POST') posted?.(await text(request))
    const { url = '/' } = request
    const path = normalize(join(folder, decodeURIComponent(new URL(url, 'http://localhost').pathname)))
    const bytes = path.startsWith(folder + sep) ? await readFile(path).catch(() => undefined) : undefined
    const type = types.get(extname(path)) ?? 'application/octet-stream'
    response.writeHead(bytes === undefined ? 404 : 200, {
      'Content-Type': type,
      ...(isolated ? isolation : {}),
      ...(policy === undefined ? {} : { 'Content-Security-Policy': policy }),
    })
    response.end(bytes)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const where = server.address()
  if (where === null || typeof where === 'string') throw new Error('the server listens on no port')
  return {
    address: `http://127.0.0.1:${where.port}/`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}
