/**
 * What can go wrong between us and a registry, in one line for a person. Codes are those of Node's sockets and TLS, of
 * npm-registry-fetch (`E404`) and of npm's agent (`EIDLETIMEOUT`).
 */
import { HubError, ResNetError } from '../errors.ts'
import { resourceFailure } from './resource-errors.node.ts'
import type { FetchProgress } from './wanted.ts'

const UNREACHABLE = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'EAI_FAIL',
  'ECONNREFUSED',
  'ENETUNREACH',
  'ENETDOWN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'EADDRNOTAVAIL',
])

const SILENT = new Set([
  'ETIMEDOUT',
  'ECONNECTIONTIMEOUT',
  'EIDLETIMEOUT',
  'ERESPONSETIMEOUT',
  'ETRANSFERTIMEOUT',
])

const INSTEAD = 'or give a file or folder by --model'

export interface FailureContext {
  /** The package, as messages name it. */
  readonly label: string
  readonly host: string
  readonly progress: FetchProgress
  /** Why our own patience with the sender is over; undefined where it is not. */
  readonly silence: string | undefined
}

/** Turns whatever a request threw into a typed error; ours and those of the disk pass as what they are. */
export function registryFailure(error: unknown, context: FailureContext): ResNetError {
  if (error instanceof ResNetError) return error
  return (
    resourceFailure(error, context.label) ??
    new HubError(`${context.label}: ${reason(error, context)}`, { cause: error })
  )
}

function reason(error: unknown, { label, host, progress, silence }: FailureContext): string {
  const code = codeOf(error)
  if (silence !== undefined) return `${host} ${silence}${soFar(progress)}; try again later, ${INSTEAD}`
  if (SILENT.has(code) || typeOf(error) === 'request-timeout')
    return `${host} did not answer in time${soFar(progress)}; try again later, ${INSTEAD}`
  if (UNREACHABLE.has(code)) {
    return `no network, or ${host} cannot be reached (${code}); connect and run it again, ${INSTEAD}`
  }
  if (code === 'ENOTCACHED') return `npm is set to "offline"; run it again with offline=false, ${INSTEAD}`
  if (code === 'E404') return `${host} has no such package or file (404); check the name, ${INSTEAD}`
  if (code === 'E401' || code === 'E403') {
    return `${host} does not let us read it (${code.slice(1)}); log in with "npm login" and check that "npm view ${label}" works, ${INSTEAD}`
  }
  if (/^E[45]\d\d$/.test(code))
    return `${host} answers with status ${code.slice(1)}; try again later, ${INSTEAD}`
  if (/CERT|SELF_SIGNED|ISSUER|ALTNAME|SSL|TLS/.test(code)) {
    return `the certificate of ${host} is not trusted (${code}); set npm's "cafile" as your network needs it, ${INSTEAD}`
  }
  const detail = code === '' ? '' : ` (${code})`
  return `the connection to ${host} broke${detail}${soFar(progress)}; run it again, ${INSTEAD}`
}

function soFar({ received, total }: FetchProgress): string {
  if (received === 0) return ''
  return total === undefined ? ` after ${received} bytes` : ` after ${received} of ${total} bytes`
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''
}

function typeOf(error: unknown): string {
  return error instanceof Error && 'type' in error && typeof error.type === 'string' ? error.type : ''
}
