/** What a tar archive holds, as folders to be walked: links stay inside the archive. */
import type { DatasetFile } from './dataset.ts'
import type { Entry, EntryKind, Tree } from './tree.ts'

const maxHops = 40

/** Entries are added in the archive's order: a later one of the same path counts, as where the archive is unpacked. */
export class ArchiveTree implements Tree {
  /** Where each file's bytes are, by its path, which begins with a slash. */
  readonly #files = new Map<string, DatasetFile>()
  /** The names within each folder. */
  readonly #folders = new Map<string, Set<string>>([['', new Set()]])
  /** Where each link leads; null where out of the archive. */
  readonly #links = new Map<string, string | null>()

  /** Files, folders and links. */
  get size(): number {
    return this.#files.size + this.#folders.size + this.#links.size
  }

  addFile(file: DatasetFile): void {
    const path = absolute(file.path)
    this.#place(path)
    this.#links.delete(path)
    this.#files.set(path, file)
  }

  addFolder(name: string): void {
    const path = absolute(name)
    if (path === '') return
    this.#place(path)
    this.#folders.set(path, this.#folders.get(path) ?? new Set())
  }

  /** A symbolic link, whose target is seen from its folder. */
  addSymbolicLink(name: string, target: string): void {
    const path = absolute(name)
    this.#addLink(
      path,
      target.startsWith('/') ? null : within(`${path.slice(0, path.lastIndexOf('/'))}/${target}`),
    )
  }

  /** A hard link: another name of a file in the archive. */
  addHardLink(name: string, target: string): void {
    this.#addLink(absolute(name), within(target))
  }

  async list(real: string): Promise<readonly Entry[]> {
    const kindOf = (path: string): EntryKind =>
      this.#links.has(path) ? 'link' : this.#files.has(path) ? 'file' : 'folder'
    return [...(this.#folders.get(real) ?? [])].map((name) => ({ name, kind: kindOf(`${real}/${name}`) }))
  }

  async follow(real: string) {
    const target = this.#resolve(real, { left: maxHops })
    if (target === undefined) return undefined
    if (this.#files.has(target)) return { kind: 'file', real: target } as const
    return this.#folders.has(target) ? ({ kind: 'folder', real: target } as const) : undefined
  }

  file(path: string, real: string): DatasetFile {
    const file = this.#files.get(real)
    if (file === undefined) throw new Error(`${real} was listed, and is no file`)
    return { ...file, path }
  }

  #addLink(path: string, target: string | null): void {
    this.#place(path)
    this.#files.delete(path)
    this.#links.set(path, target)
  }

  /** Puts a name into its folder, and the folder into its own. */
  #place(path: string): void {
    for (let inner = path; inner !== ''; ) {
      const outer = inner.slice(0, inner.lastIndexOf('/'))
      const known = this.#folders.has(outer)
      const names = this.#folders.get(outer) ?? new Set()
      names.add(inner.slice(outer.length + 1))
      this.#folders.set(outer, names)
      if (known) return
      inner = outer
    }
  }

  /** The path without links; undefined where one of them leads nowhere, or around. */
  #resolve(path: string, hops: { left: number }): string | undefined {
    let real = ''
    for (const name of path.split('/').filter((part) => part !== '')) {
      real += `/${name}`
      const target = this.#links.get(real)
      if (target === undefined) continue
      if (target === null || hops.left-- === 0) return undefined
      const resolved = this.#resolve(target, hops)
      if (resolved === undefined) return undefined
      real = resolved
    }
    return real
  }
}

/** With a slash before each name, and none of `.` and `..`. */
function absolute(path: string): string {
  return (
    within(
      path
        .split('/')
        .filter((part) => part !== '..')
        .join('/'),
    ) ?? ''
  )
}

/** The same, with `..` obeyed; null where it leads out. */
function within(path: string): string | null {
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '..' && parts.pop() === undefined) return null
    if (part !== '' && part !== '.' && part !== '..') parts.push(part)
  }
  return parts.map((part) => `/${part}`).join('')
}
