/**
 * Downloads a file of known size by Node's own fetch. What has come lies in a `.part` file, and a later call asks for the rest
 * only (RFC 9110, section 14: `Range`); a server that does not know ranges sends all of it again.
 */
import { open, rm, stat } from 'node:fs/promises'
import { Patience } from '../bounded/patience.node.ts'
import { HubError } from '../errors.ts'
import type { DownloadProgress } from './fetched.ts'

export interface Download {
  /** What it is, for messages. */
  readonly label: string
  readonly address: URL
  /** Bytes of the whole file. */
  readonly bytes: number
  /** Where they are written. */
  readonly part: string
  /** What a person can do where the network does not serve. */
  readonly instead: string
  readonly progress: ((progress: DownloadProgress) => void) | undefined
  readonly signal: AbortSignal | undefined
  /** Longest silence that is borne; 20 seconds without it. */
  readonly patienceMs?: number
}

/**
 * Leaves the whole file in `part`; its contents are the caller's to check.
 *
 * @throws HubError where the network fails, or the server has a file of another size. What has come is kept.
 */
export async function download(wanted: Download): Promise<void> {
  const { bytes, part } = wanted
  const had = (await stat(part).catch(() => undefined))?.size ?? 0
  if (had === bytes) return
  if (had > bytes) await rm(part)
  const start = had > bytes ? 0 : had
  let received = start
  const stop = new AbortController()
  const patience = new Patience(wanted.patienceMs ?? 20_000, () => stop.abort())
  const signal = wanted.signal === undefined ? stop.signal : AbortSignal.any([wanted.signal, stop.signal])
  try {
    const response = await request({ ...wanted, signal }, start)
    patience.begin()
    const kept = response.status === 206 ? start : 0
    received = kept
    const file = await open(part, kept === 0 ? 'w' : 'a')
    try {
      for await (const chunk of response.body ?? []) {
        if (received + chunk.length > bytes) throw otherFile(wanted, `more than ${bytes} bytes`)
        await file.writeFile(chunk)
        received += chunk.length
        patience.received(chunk.length)
        wanted.progress?.({ received, kept, total: bytes })
      }
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    wanted.signal?.throwIfAborted()
    if (patience.isOver) throw slow(wanted, patience.reason, received)
    // Node's fetch throws a TypeError for all that goes wrong on the way.
    throw error instanceof TypeError ? broken(wanted, received, error) : error
  } finally {
    patience.end()
  }
  if (received < bytes) throw broken(wanted, received)
}

async function request(wanted: Download, start: number): Promise<Response> {
  const { label, address, signal, instead } = wanted
  const response = await fetch(address, {
    headers: { 'accept-encoding': 'identity', ...(start === 0 ? {} : { range: `bytes=${start}-` }) },
    ...(signal === undefined ? {} : { signal }),
  }).catch((error: unknown) => {
    if (!(error instanceof TypeError)) throw error
    throw new HubError(
      `${label}: no network, or ${address.host} cannot be reached${causeOf(error)}; ${instead}`,
      { cause: error },
    )
  })
  const refusal = refusalOf(wanted, response, start)
  if (refusal === undefined) return response
  await response.body?.cancel()
  throw refusal
}

/** What is wrong with an answer by its head: its status, another range, or a size that is not the published one. */
function refusalOf(wanted: Download, { status, headers }: Response, start: number): HubError | undefined {
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers.get('content-range') ?? '')
  const isRest = status === 206 && Number(range?.[1]) === start
  if (status !== 200 && !isRest) {
    const { label, address, instead } = wanted
    return new HubError(`${label}: ${address.host} answers with status ${status}; ${instead}`)
  }
  const size = status === 206 ? range?.[2] : headers.get('content-length')
  const isOther = /^\d+$/.test(size ?? '') && Number(size) !== wanted.bytes
  return isOther ? otherFile(wanted, `${size} bytes`) : undefined
}

function otherFile({ label, address, bytes, instead }: Download, found: string): HubError {
  return new HubError(
    `${label}: ${address.host} has another file there, of ${found} where ${bytes} are expected; ${instead}`,
  )
}

function slow({ label, address, bytes, instead }: Download, reason: string, received: number): HubError {
  return new HubError(
    `${label}: ${address.host} ${reason}, after ${received} of ${bytes} bytes; run it again to go on from there, or ${instead}`,
  )
}

function broken({ label, address, bytes, instead }: Download, received: number, error?: TypeError): HubError {
  return new HubError(
    `${label}: the connection to ${address.host} broke${causeOf(error)} after ${received} of ${bytes} bytes; run it again to go on from there, or ${instead}`,
    { cause: error },
  )
}

/** Why fetch failed: the code of a socket where there is one, as in ` (ENOTFOUND)`. */
function causeOf(error: TypeError | undefined): string {
  const cause: unknown = error?.cause
  if (!(cause instanceof Error)) return ''
  return ` (${'code' in cause ? cause.code : cause.message})`
}
