/** The parts of a dataset, and the names that people give them, in whatever case. */

export type Split = 'train' | 'val' | 'test'

const names: ReadonlyMap<string, Split> = new Map([
  ...['train', 'training'].map((name) => [name, 'train'] as const),
  ...['val', 'valid', 'validation', 'validate', 'dev'].map((name) => [name, 'val'] as const),
  ...['test', 'testing'].map((name) => [name, 'test'] as const),
])

/** Which part a name means; undefined for any other name. */
export function splitNamed(name: string): Split | undefined {
  return names.get(name.trim().toLowerCase())
}

export const splitWords = 'train, val (valid, validation, dev) or test'
