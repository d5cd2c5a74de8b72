/** Models that are fetched by name: the published table and npm packages, cached and then used without a network. */
import { cachedPackage, cachedVersions } from '#platform/hub/cache'
import { fetchPackage, latestVersion } from '#platform/hub/npm'
import { findPublished, type PublishedModel, publishedRelease } from './published.ts'
import type { NpmReference, PackageReference } from './reference.ts'
import { type FetchOptions, packageLabel, type WantedPackage } from './wanted.ts'

export interface FetchedModel {
  /** The folder or file on this machine. */
  readonly path: string
  /** The row of our table, where the package is one of it. */
  readonly published?: PublishedModel
  /** What a person should know of how it was checked. */
  readonly notes: readonly string[]
}

/**
 * The model that a reference names, fetched unless it is cached.
 *
 * @throws HubError, ResourceError; ArgumentError for an unknown published name.
 */
export async function fetchModel(
  reference: PackageReference,
  options: FetchOptions = {},
): Promise<FetchedModel> {
  if (reference.kind === 'published') {
    const published = findPublished(reference.name)
    return { path: await fetchPackage(wantedOf(published), options), published, notes: [] }
  }
  const version = reference.version ?? (await newest(reference, options))
  const published = publishedRelease(reference.package, version)
  const wanted = npmWanted(reference, version)
  const path = await fetchPackage(wanted, options)
  const isPublished = published !== undefined && published.path === (reference.path ?? published.path)
  const notes = [
    ...(reference.version === undefined ? [`${reference.package} is taken at version ${version}`] : []),
    ...(wanted.pin === undefined
      ? [`${packageLabel(wanted)}: its hash is the registry's own, pinned by nobody else`]
      : []),
  ]
  return { path, notes, ...(isPublished ? { published } : {}) }
}

/** Where a published model is cached, or `undefined`. Touches no network. */
export function cachedModel(name: string): Promise<string | undefined> {
  return cachedPackage(wantedOf(findPublished(name)))
}

/** The registry's latest version; without a network the one that was fetched last. */
async function newest(reference: NpmReference, options: FetchOptions): Promise<string> {
  try {
    return await latestVersion(reference.package, options)
  } catch (error) {
    const [cached] = await cachedVersions(reference.package, (version) => npmWanted(reference, version))
    if (cached === undefined) throw error
    return cached
  }
}

function wantedOf({ package: name, version, path, integrity, bytes }: PublishedModel): WantedPackage {
  return { package: name, version, path, pin: { integrity, bytes } }
}

function npmWanted({ package: name, path }: NpmReference, version: string): WantedPackage {
  const release = publishedRelease(name, version)
  return {
    package: name,
    version,
    ...(path === undefined ? {} : { path }),
    ...(release === undefined ? {} : { pin: { integrity: release.integrity, bytes: release.bytes } }),
  }
}
