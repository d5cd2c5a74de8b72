/** The browser's twin of `npm.node.ts`: a page has neither npm's settings nor a place to unpack. */
import { HubError } from '../errors.ts'
import { type FetchOptions, NODE_ONLY, type WantedPackage } from './wanted.ts'

export async function latestVersion(_packageName: string, _options: FetchOptions): Promise<string> {
  throw new HubError(NODE_ONLY)
}

export async function fetchPackage(_wanted: WantedPackage, _options: FetchOptions): Promise<string> {
  throw new HubError(NODE_ONLY)
}
