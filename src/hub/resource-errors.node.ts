/** The disk's refusals, in one line for a person. */
import { refusals } from '../disk.node.ts'
import { ResourceError } from '../errors.ts'

const FILE_CALLS = new Set(['open', 'write', 'fsync', 'close', 'mkdir', 'rename', 'scandir', 'rm'])

/**
 * The error of a disk or a permission as a `ResourceError`, or `undefined` when it is none. Sockets share some of the
 * codes, but they name no path and fail in other calls (`connect`, `read`).
 */
export function resourceFailure(error: unknown, label: string): ResourceError | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  const path = 'path' in error && typeof error.path === 'string' ? error.path : undefined
  const syscall = 'syscall' in error && typeof error.syscall === 'string' ? error.syscall : ''
  const isOfFile = path !== undefined || FILE_CALLS.has(syscall)
  const reason = refusals.get(error.code)
  if (reason === undefined || !isOfFile) return undefined
  const where = path === undefined ? 'the cache' : path
  return new ResourceError(
    `${label}: cannot keep it in ${where}: ${reason} (${error.code}); free it or set RESNET_TS_CACHE to another folder`,
    { cause: error },
  )
}
