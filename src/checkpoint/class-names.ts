/**
 * What the classes of a network are called: by the caller, by the file, by files that lie beside it; last, by what is
 * assumed of its kind, which is said.
 */
import { CheckpointError } from '../errors.ts'
import type { Checkpoint, PlainValue } from './checkpoint.ts'
import { type Dictionary, dictionariesIn, isMap, jsonBeside, textBeside } from './plain.ts'

export interface ClassNames {
  /** In order; empty where nobody knows. */
  readonly labels: readonly string[]
  /** Who says so; undefined where nobody does. */
  readonly from?: string
  readonly notes: readonly string[]
}

export interface NamesWanted {
  readonly classes: number
  /** The first class is a background, which lists leave out. */
  readonly background: boolean
  /** What the caller says. */
  readonly chosen?: readonly string[] | undefined
  /** What is assumed where nobody says. */
  readonly assumed: readonly AssumedNames[]
  /** The published model whose classes these are, so that nothing is assumed. */
  readonly published?: string | undefined
}

export interface AssumedNames {
  readonly of: string
  readonly labels: readonly string[]
}

/** Keys under which training scripts keep the names of their classes, in any case; the surest first. */
const keys: readonly string[] = [
  'class_names',
  'classes',
  'idx_to_class',
  'class_to_idx',
  'id2label',
  'label2id',
  'classnames',
  'class_labels',
  'class_indices',
  'class2idx',
  'idx2class',
  'class_to_index',
  'index_to_class',
  'index_to_name',
  'idx_to_label',
  'label_to_idx',
  'label_names',
  'labels',
  'categories',
  'target_names',
  'names',
  'vocab',
]

/** Files that name classes, beside the network: JSON, or a name on each line. */
const files: readonly string[] = [
  'config.json',
  'metadata.json',
  ...['labels', 'classes', 'class_names', 'class_labels'].flatMap((name) => [`${name}.txt`, `${name}.json`]),
  'class_to_idx.json',
  'idx_to_class.json',
  'class_indices.json',
  'index_to_name.json',
  'id2label.json',
  'label_map.json',
  'imagenet_classes.txt',
]

/** Throws `CheckpointError` where the caller's names are not as many as the classes. */
export async function classNamesOf(checkpoint: Checkpoint, wanted: NamesWanted): Promise<ClassNames> {
  const { chosen, classes, assumed, published } = wanted
  if (chosen !== undefined) {
    const labels = fitted(chosen, wanted)
    if (labels !== undefined) return { labels, from: 'the caller', notes: [] }
    throw new CheckpointError(
      `${checkpoint.name}: ${chosen.length} names are given for its ${classes} classes; give one for each, in the order of its scores`,
    )
  }
  const others: string[] = []
  for await (const { from, names } of namesFor(checkpoint)) {
    const labels = fitted(names, wanted)
    const notes = others.map((other) => `${other}, not the ${classes} of the network: not taken`)
    if (labels !== undefined) return { labels, from, notes: [...notes, `classes named by ${from}`] }
    others.push(`${from} names ${names.length} classes`)
  }
  const notes = others.slice(0, 3).map((other) => `${other}, not the ${classes} of the network: not taken`)
  for (const { of, labels } of assumed) {
    const taken = fitted(labels, wanted)
    if (taken === undefined) continue
    if (published !== undefined) return { labels: taken, from: `as ${published} was trained`, notes }
    const note = `nothing names its ${classes} classes: ${of} are assumed, in their usual order; --labels gives other names`
    return { labels: taken, from: `assumed: ${of}`, notes: [...notes, note] }
  }
  return { labels: [], notes }
}

/** The names where they are as many as the classes; the only score of a network has two answers, no and yes. */
function fitted(
  names: readonly string[],
  { classes, background }: NamesWanted,
): readonly string[] | undefined {
  if (names.length === classes || (classes === 1 && names.length === 2)) return names
  return background && names.length + 1 === classes ? ['background', ...names] : undefined
}

interface Found {
  readonly from: string
  readonly names: readonly string[]
}

async function* namesFor(checkpoint: Checkpoint): AsyncGenerator<Found, void, undefined> {
  const { extras = new Map() } = checkpoint
  for (const found of namesUnder(dictionariesIn(extras)))
    yield { ...found, from: `${found.from} in the file` }
  for (const file of files) {
    const value = file.endsWith('.json') ? await jsonBeside(checkpoint, file) : undefined
    if (isMap(value)) {
      for (const found of namesUnder(dictionariesIn(value)))
        yield { ...found, from: `${found.from} in ${file} beside it` }
    }
    const text = file.endsWith('.txt') ? await textBeside(checkpoint, file) : undefined
    const whole = file === 'config.json' || file === 'metadata.json' ? undefined : value
    const names = text === undefined ? namesIn(whole) : namesInLines(text)
    if (names !== undefined) yield { from: `${file} beside it`, names }
  }
}

/** Keys within a dictionary by how sure they are, outer dictionaries first. */
function namesUnder(dictionaries: readonly Dictionary[]): readonly Found[] {
  return keys.flatMap((key) =>
    dictionaries.flatMap(({ path, entries }) =>
      [...entries]
        .filter(([name]) => name.toLowerCase() === key)
        .flatMap(([name, value]) => {
          const names = namesIn(value)
          return names === undefined ? [] : [{ from: [...path, name].join(' / '), names }]
        }),
    ),
  )
}

/** Names of classes in plain data: a list, or a dictionary from numbers to names or from names to numbers. */
export function namesIn(value: PlainValue | undefined): readonly string[] | undefined {
  if (value === undefined || value === null || typeof value !== 'object') return undefined
  const rows = isMap(value) ? numbered(value) : isList(value) ? value : undefined
  const names = rows?.map(nameOf).filter((name) => name !== undefined)
  if (rows === undefined || names === undefined || names.length === 0 || names.length !== rows.length)
    return undefined
  // Hugging Face's own names for classes that nobody named.
  return names.every((name, i) => name === `LABEL_${i}`) ? undefined : names
}

function isList(value: PlainValue): value is readonly PlainValue[] {
  return Array.isArray(value)
}

const longestName = 1000

/** A name that prints on a line; of a list, as in Keras' `["n01440764", "tench"]`, its last. */
function nameOf(value: PlainValue): string | undefined {
  const text = isList(value) ? value.at(-1) : value
  if (typeof text !== 'string') return undefined
  const name = text.replace(/\p{Cc}+/gu, ' ').trim()
  return name === '' || name.length > longestName ? undefined : name
}

/** The values of a dictionary in the order of its numbers, which are 0, 1, 2, ..., each once. */
function numbered(entries: ReadonlyMap<string, PlainValue>): readonly PlainValue[] | undefined {
  const rows = [...entries].map(([key, value]): readonly [number, PlainValue] =>
    typeof value === 'number' ? [value, key] : [/^\d{1,7}$/.test(key) ? Number(key) : -1, value],
  )
  const places = new Map(rows)
  const ordered = rows.map((_, index) => places.get(index)).filter((value) => value !== undefined)
  return ordered.length === rows.length ? ordered : undefined
}

/** A name on each line, perhaps behind its number; blank lines at the end are none. */
export function namesInLines(text: string): readonly string[] | undefined {
  const lines = text
    .replace(/^\uFEFF/, '')
    .trimEnd()
    .split(/\r?\n/)
    .map((line) => line.trim())
  const parts = lines.map((line) => /^(\d{1,7})\s*[:,;\t ]\s*(\S.*)$/.exec(line))
  const counted = lines.length > 1 && parts.every((part, index) => Number(part?.[1]) === index)
  return namesIn(counted ? parts.map((part) => part?.[2] ?? '') : lines)
}
