/** The browser's twin of `cache.node.ts`: a page has no cache folder. */
import { HubError } from '../errors.ts'
import { NODE_ONLY, type WantedPackage } from './wanted.ts'

export function cacheFolder(): string {
  throw new HubError(NODE_ONLY)
}

export async function cachedPackage(_wanted: WantedPackage): Promise<string | undefined> {
  throw new HubError(NODE_ONLY)
}

export async function cachedVersions(
  _packageName: string,
  _wantedOf: (version: string) => WantedPackage,
): Promise<readonly string[]> {
  throw new HubError(NODE_ONLY)
}
