/**
 * Where fetched packages lie: `RESNET_TS_CACHE`, or the platform's cache folder. A package gets its name there only when
 * it is whole; the sizes of its files are compared all the same, since systems clear caches file by file.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import {
  flatName,
  folderName,
  insidePackage,
  packageFolder,
  packagesFolder,
  readRecord,
} from './cache-layout.node.ts'
import type { WantedPackage } from './wanted.ts'

export { cacheFolder } from '../cache-folder.node.ts'

/** The path of the wanted folder or file when it is cached whole, otherwise `undefined`. Touches no network. */
export async function cachedPackage(wanted: WantedPackage): Promise<string | undefined> {
  const inside = insidePackage(packageFolder(wanted), wanted)
  const record = await readRecord(inside.record)
  if (record === undefined) return undefined
  for (const file of record.files) {
    const found = await stat(join(inside.files, ...file.path.split('/'))).catch(() => undefined)
    if (found?.isFile() !== true || found.size !== file.bytes) return undefined
  }
  return inside.model
}

/** The cached versions of a package, the one fetched last first. */
export async function cachedVersions(
  packageName: string,
  wantedOf: (version: string) => WantedPackage,
): Promise<readonly string[]> {
  const start = `${flatName(packageName)}@`
  const entries = await readdir(packagesFolder()).catch(() => [])
  const found: { version: string; time: number }[] = []
  for (const entry of entries.filter((name) => name.startsWith(start))) {
    const version = entry.slice(start.length).replace(/-[0-9a-f]{12}$/, '')
    if (folderName(wantedOf(version)) !== entry) continue
    const status = await stat(join(packagesFolder(), entry)).catch(() => undefined)
    if (status !== undefined) found.push({ version, time: status.mtimeMs })
  }
  return found.sort((a, b) => b.time - a.time).map((one) => one.version)
}
