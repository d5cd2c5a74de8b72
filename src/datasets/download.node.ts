/**
 * Downloads a file of known size by Node's own fetch. What has come lies in a `.part` file, and a later call asks for the rest
 * only (RFC 9110, section 14: `Range`); a server that does not know ranges sends all of it again.
 */
import { open, rm, stat } from 'node:fs/promises'
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
  try {
    const response = await request(wanted, start)
    const kept = response.status === 206 ? start : 0
    received = kept
    checkSize(wanted, response)
    const file = await open(part, kept === 0 ? 'w' : 'a')
    try {
      for await (const chunk of response.body ?? []) {
        if (received + chunk.length > bytes) throw otherFile(wanted, `more than ${bytes} bytes`)
        await file.writeFile(chunk)
        received += chunk.length
        wanted.progress?.({ received, kept, total: bytes })
      }
      await file.sync()
    } finally {
      await file.close()
    }
  } catch (error) {
    wanted.signal?.throwIfAborted()
    // Node's fetch throws a TypeError for all that goes wrong on the way.
    throw error instanceof TypeError ? broken(wanted, error, received) : error
  }
  if (received < bytes) throw broken(wanted, undefined, received)
}

async function request({ label, address, signal, instead }: Download, start: number): Promise<Response> {
  const response = await fetch(address, {
    headers: { 'accept-encoding': 'identity', ...(start === 0 ? {} : { range: `bytes=${start}-` }) },
    ...(signal === undefined ? {} : { signal }),
  })
  if (response.status === 200) return response
  const isRest = response.headers.get('content-range')?.startsWith(`bytes ${start}-`)
  if (response.status === 206 && isRest) return response
  await response.body?.cancel()
  throw new HubError(`${label}: ${address.host} answers with status ${response.status}; ${instead}`)
}

/** The size that the server tells, where it does, must be the published one. */
function checkSize(wanted: Download, { status, headers }: Response): void {
  const told = status === 206 ? headers.get('content-range')?.split('/')[1] : headers.get('content-length')
  if (told !== null && told !== undefined && /^\d+$/.test(told) && Number(told) !== wanted.bytes)
    throw otherFile(wanted, `${told} bytes`)
}

function otherFile({ label, address, bytes, instead }: Download, found: string): HubError {
  return new HubError(
    `${label}: ${address.host} has another file there, of ${found} where ${bytes} are expected; ${instead}`,
  )
}

const unreachable = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'ECONNREFUSED',
  'ENETUNREACH',
  'EHOSTUNREACH',
])

function broken(
  { label, address, bytes, instead }: Download,
  error: TypeError | undefined,
  received: number,
): HubError {
  const cause: unknown = error?.cause
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const shown = code === '' ? '' : ` (${code})`
  const why = unreachable.has(code)
    ? `no network, or ${address.host} cannot be reached${shown}; ${instead}`
    : `the connection to ${address.host} broke${shown} after ${received} of ${bytes} bytes; run it again to go on from there, or ${instead}`
  return new HubError(`${label}: ${why}`, { cause: error })
}
