/** Walks a folder or archive: links are followed, once around, and what is left out is counted. */
import type { DatasetFile } from './dataset.ts'
import { Counter } from './passed-over.ts'
import { isSystemName } from './system-names.ts'

export interface Entry {
  readonly name: string
  readonly kind: EntryKind
}

export type EntryKind = 'file' | 'folder' | 'link' | 'other'

/** What can be walked. A `real` path is free of links. */
export interface Tree {
  /** The entries of a folder. */
  list(real: string): Promise<readonly Entry[]>
  /** Where a link leads; undefined where to nothing. */
  follow(
    real: string,
  ): Promise<{ readonly kind: Exclude<EntryKind, 'link'>; readonly real: string } | undefined>
  file(path: string, real: string): DatasetFile
}

export interface Walked {
  readonly files: readonly DatasetFile[]
  /** Folders in which nothing lies. */
  readonly emptyFolders: readonly string[]
  readonly passedOver: Counter
  readonly notes: readonly string[]
}

const maxFiles = 5_000_000

/** Walks all of it from its real path on. Throws `DatasetError` where it holds too many files. */
export async function walk(tree: Tree, real: string, tooMany: () => Error): Promise<Walked> {
  const files: DatasetFile[] = []
  const emptyFolders: string[] = []
  const passedOver = new Counter()
  /** Real paths of all files, to tell those that are reached twice. */
  const places: (readonly [path: string, real: string])[] = []
  let links = 0
  const visit = async (path: string, here: string, around: Around | undefined): Promise<void> => {
    const inside = { real: here, around }
    const entries = await tree.list(here)
    const shown = entries.filter(({ name }) => !isSystemName(name))
    if (shown.length === 0 && path !== '') emptyFolders.push(path)
    for (const entry of [...shown].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const inner = path === '' ? entry.name : `${path}/${entry.name}`
      const own = `${here}/${entry.name}`
      if (entry.kind === 'link') links++
      const target = entry.kind === 'link' ? await tree.follow(own) : { kind: entry.kind, real: own }
      if (target === undefined) passedOver.add('link that leads nowhere', 'links that lead nowhere', inner)
      else if (target.kind === 'other') passedOver.add('pipe or device', 'pipes and devices', inner)
      else if (target.kind === 'file') {
        files.push(tree.file(inner, target.real))
        places.push([inner, target.real])
        if (files.length > maxFiles) throw tooMany()
      } else if (entry.kind === 'link' && isAround(target.real, inside))
        passedOver.add('link to a folder around it', 'links to a folder around them', inner)
      else
        await visit(inner, target.real, inside).catch((error: unknown) => {
          if (!isUnreadable(error)) throw error
          passedOver.add('folder that cannot be read', 'folders that cannot be read', inner)
        })
    }
  }
  await visit('', real, undefined)
  return { files, emptyFolders, passedOver, notes: links === 0 ? [] : twiceNotes(places) }
}

/** A folder that is being walked, and those around it. */
interface Around {
  readonly real: string
  readonly around: Around | undefined
}

function isAround(real: string, inside: Around): boolean {
  for (let folder: Around | undefined = inside; folder !== undefined; folder = folder.around)
    if (folder.real === real) return true
  return false
}

function isUnreadable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM')
}

/** The same pictures in two classes, or in train and val, would mislead whoever reads the result. */
function twiceNotes(places: readonly (readonly [path: string, real: string])[]): readonly string[] {
  const first = new Map<string, string>()
  let count = 0
  let example = ''
  for (const [path, real] of places) {
    const before = first.get(real)
    if (before === undefined) first.set(real, path)
    else if (count++ === 0) example = `${path}, which is ${before} too`
  }
  if (count === 0) return []
  return [`${count} ${count === 1 ? 'file is' : 'files are'} reached twice, through links, as ${example}`]
}
