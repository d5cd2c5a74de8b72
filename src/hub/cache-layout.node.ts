/**
 * How the cache lies on disk: one folder `npm/NAME@VERSION-HASH` a package, with `fetched.json` (what was fetched, and
 * each file's size) and `package/` inside.
 */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import * as v from 'valibot'
import { cacheFolder } from '../cache-folder.node.ts'
import type { WantedPackage } from './wanted.ts'

const FETCHED = 'fetched.json'

const Fetched = v.object({
  package: v.string(),
  version: v.string(),
  path: v.nullable(v.string()),
  integrity: v.string(),
  pinned: v.boolean(),
  files: v.pipe(v.array(v.object({ path: v.string(), bytes: v.number() })), v.minLength(1)),
})

/** What `fetched.json` tells of a cached package; the paths of its files are relative to `package/`. */
export type FetchedRecord = v.InferOutput<typeof Fetched>

/** The folder that a package has once it is whole. */
export function packageFolder(wanted: WantedPackage): string {
  return join(packagesFolder(), folderName(wanted))
}

/** Where `fetched.json` and the files of a package lie inside its folder. */
export function insidePackage(
  folder: string,
  wanted: WantedPackage,
): { record: string; files: string; model: string } {
  const files = join(folder, 'package')
  return { record: join(folder, FETCHED), files, model: join(files, ...(wanted.path?.split('/') ?? [])) }
}

/** The folder whose folders are the packages. */
export function packagesFolder(): string {
  return join(cacheFolder(), 'npm')
}

/**
 * The name of a package's folder. The hash tells apart what a file system may not (letters' case, long names), the paths
 * fetched of one package, and what was fetched under another pin.
 */
export function folderName(wanted: WantedPackage): string {
  const key = [wanted.package, wanted.version, wanted.path ?? null, wanted.pin?.integrity ?? null]
  const hash = createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 12)
  return `${flatName(wanted.package)}@${wanted.version}-${hash}`
}

/** A package's name as the start of a folder's name. */
export function flatName(packageName: string): string {
  return packageName.replace('/', '+').slice(0, 60)
}

/** What a package's folder says of itself, or `undefined` where that is missing or damaged. */
export async function readRecord(path: string): Promise<FetchedRecord | undefined> {
  try {
    const parsed = v.safeParse(Fetched, JSON.parse(await readFile(path, 'utf8')))
    return parsed.success ? parsed.output : undefined
  } catch {
    return undefined
  }
}
