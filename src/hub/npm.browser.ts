/** The browser's twin of `npm.node.ts`: a page has neither npm's settings nor a place to unpack. */
import { type FetchOptions, nodeOnly, type WantedPackage } from './wanted.ts'

export async function latestVersion(packageName: string, _options: FetchOptions): Promise<string> {
  throw nodeOnly(`npm:${packageName}`)
}

export async function fetchPackage(wanted: WantedPackage, _options: FetchOptions): Promise<string> {
  const path = wanted.path === undefined ? '' : `/${wanted.path}`
  throw nodeOnly(`npm:${wanted.package}@${wanted.version}${path}`)
}
