/** Where this package keeps what it need not find out or fetch twice. */
import { resolve } from 'node:path'
import envPaths from 'env-paths'

/** The folder that `RESNET_TS_CACHE` names, else the platform's own place for caches. */
export function cacheFolder(): string {
  const chosen = process.env.RESNET_TS_CACHE
  if (chosen !== undefined && chosen !== '') return resolve(chosen)
  return envPaths('resnet-ts', { suffix: '' }).cache
}
