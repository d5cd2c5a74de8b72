/** What a path names, in a browser, which has none: opening it then says what to pass instead. */
export type PathKind = 'file' | 'folder' | 'missing'

export async function pathKind(_path: string): Promise<PathKind> {
  return 'file'
}

/** A page has one name for a model: its address. */
export async function oneNameOf(path: string): Promise<string> {
  return path
}

/** A page has no folders. */
export const modelFiles = { best: 'best.safetensors', last: 'last.safetensors' } as const

export interface RunModel {
  readonly path: string
  readonly notes: readonly string[]
}

export async function runModel(_folder: string): Promise<RunModel | undefined> {
  return undefined
}
