/** The browser's twin of `cache.node.ts`: a page has no cache folder, so nothing is in it. */
import { HubError } from '../errors.ts'
import type { WantedPackage } from './wanted.ts'

export function cacheFolder(): string {
  throw new HubError('a page has no cache folder; the browser keeps what it has fetched')
}

export async function cachedPackage(_wanted: WantedPackage): Promise<string | undefined> {
  return undefined
}

export async function cachedVersions(
  _packageName: string,
  _wantedOf: (version: string) => WantedPackage,
): Promise<readonly string[]> {
  return []
}
