/** What a path names, in a browser, which has none: opening it then says what to pass instead. */
import { ImageError } from '../errors.ts'

export type PathKind = 'file' | 'folder' | 'missing'

export async function pathKind(_path: string): Promise<PathKind> {
  return 'file'
}

/** A page has no paths. */
export async function readPicture(path: string): Promise<Uint8Array> {
  throw new ImageError(`${path}: pictures are read by path in Node; in a browser pass a Blob or bytes`)
}
