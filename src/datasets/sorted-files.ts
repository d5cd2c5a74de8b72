/** Tells the pictures among files by their first bytes, whatever their names end with. */
import type { FileKind } from '../images/kinds.ts'
import { type DatasetFile, isHidden } from './dataset.ts'
import type { Counter } from './passed-over.ts'

export interface OtherFile {
  readonly path: string
  readonly kind: Exclude<FileKind, { kind: 'picture' }>
}

export interface SortedFiles {
  readonly pictures: readonly DatasetFile[]
  readonly others: readonly OtherFile[]
}

/** Files whose beginnings are read at once. */
const together = 32

/**
 * Sorts files, and counts those that are no pictures. Hidden ones are not taken, and counted where they are pictures; files
 * that somebody named are never hidden.
 */
export async function sortFiles(
  files: readonly DatasetFile[],
  passedOver: Counter,
  hidden: (path: string) => boolean = isHidden,
): Promise<SortedFiles> {
  const pictures: DatasetFile[] = []
  const others: OtherFile[] = []
  for (let at = 0; at < files.length; at += together) {
    const batch = files.slice(at, at + together)
    const kinds = await Promise.all(batch.map(kindOfFile))
    for (const [i, file] of batch.entries()) {
      const kind = kinds[i]
      if (kind === undefined)
        passedOver.add('file that cannot be read', 'files that cannot be read', file.path)
      else if (hidden(file.path)) {
        if (kind.kind === 'picture') passedOver.add('hidden picture', 'hidden pictures', file.path)
      } else if (kind.kind === 'picture') pictures.push(file)
      else {
        others.push({ path: file.path, kind })
        passedOver.add(kind.one, kind.many, file.path, kind.advice)
      }
    }
  }
  return { pictures, others }
}

/** Undefined for what cannot be opened, as for want of rights. */
async function kindOfFile(file: DatasetFile): Promise<FileKind | undefined> {
  try {
    return await file.kind()
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) return undefined
    throw error
  }
}
