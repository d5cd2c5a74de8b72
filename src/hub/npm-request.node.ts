/**
 * One request as npm makes it, under the user's settings: proxy, certificates, retries, credentials. Redirects are followed
 * here: npm's library takes the credentials along to another port of the same host, and from https to http.
 */
import fetch from 'make-fetch-happen'
import npm from 'npm-registry-fetch'
import { HubError } from '../errors.ts'

const mostRedirects = 10
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

export interface NpmRequest {
  /** npm's settings, as its libraries take them. They hold credentials: never print them. */
  readonly options: Readonly<Record<string, unknown>>
  /** The registry of the package; its credentials go nowhere else. */
  readonly registry: string
  readonly accept: string
  readonly signal: AbortSignal
}

export type NpmResponse = Awaited<ReturnType<typeof fetch>>

/** A request without an answer. Its code is npm's: `E404` for the status 404. */
class RequestError extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.code = code
  }
}

/** The head of the answer, its body still to come. Throws for another status than 2xx, and where there is no network. */
export async function npmRequest(address: string, request: NpmRequest): Promise<NpmResponse> {
  if (request.options.offline === true) throw new RequestError('ENOTCACHED')
  let url = new URL(address)
  for (let count = 0; count <= mostRedirects; count++) {
    const response = await ask(url, request)
    // An abort between two reads is emitted on the stream, where nobody would listen.
    response.body.on('error', () => {})
    const location = response.headers.get('location')
    if (!redirects.has(response.status) || location === null) {
      if (response.status >= 200 && response.status < 300) return response
      throw new RequestError(`E${response.status}`)
    }
    url = redirected(url, location)
  }
  throw new HubError(`${url.host} redirects more than ${mostRedirects} times; check npm's setting "registry"`)
}

function ask(url: URL, { options, registry, accept, signal }: NpmRequest): Promise<NpmResponse> {
  const { token, auth, cert, key } = isExposed(url, registry)
    ? {}
    : npm.getAuth(url.href, { ...options, registry })
  const authorization = token ? `Bearer ${token}` : auth ? `Basic ${auth}` : undefined
  return fetch(url.href, {
    agent: options.agent,
    ca: options.ca,
    cert: cert ?? options.cert,
    key: key ?? options.key,
    localAddress: options.localAddress,
    maxSockets: options.maxSockets,
    noProxy: options.noProxy,
    proxy: options.httpsProxy ?? options.proxy,
    retry: options.retry,
    strictSSL: options.strictSSL,
    timeout: options.timeout,
    cache: 'no-store',
    redirect: 'manual',
    signal,
    headers: {
      accept,
      ...(typeof options.userAgent === 'string' ? { 'user-agent': options.userAgent } : {}),
      ...(authorization === undefined ? {} : { authorization }),
    },
  })
}

/** Whether everybody on the way could read what a registry that is asked by https must know alone. */
function isExposed(url: URL, registry: string): boolean {
  return url.protocol === 'http:' && new URL(registry).protocol === 'https:'
}

function redirected(from: URL, location: string): URL {
  const to = URL.canParse(location, from.href) ? new URL(location, from) : undefined
  if (to?.protocol === 'https:' || to?.protocol === 'http:') return to
  throw new HubError(`${from.host} redirects to no http address; check npm's setting "registry"`)
}
