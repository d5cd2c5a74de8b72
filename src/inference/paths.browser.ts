/** What a path names, in a browser, which has none: opening it then says what to pass instead. */

export type PathKind = 'file' | 'folder' | 'missing'

export async function pathKind(_path: string): Promise<PathKind> {
  return 'file'
}
