/**
 * Puts a checkpoint's tensors into a network. Everything that does not fit is found before anything is read, and is
 * listed by name, all at once.
 */
import type { ResNetConfig } from '../architecture/config.ts'
import { CheckpointError } from '../errors.ts'
import type { NamedCheckpoint, NamedTensor } from './naming/map.ts'
import { withoutStatistics } from './recognise/refusals.ts'
import { type States, sameShape, statesOf } from './recognise/states.ts'

/** A tensor of another shape than the network's. */
export interface MisshapenTensor {
  readonly name: string
  readonly found: readonly number[]
  readonly needed: readonly number[]
}

/** How a checkpoint and a network differ. */
export interface Fit {
  /** Names that the network needs and the file lacks. */
  readonly missing: readonly string[]
  /** Names, as the file has them, that the network has no place for. */
  readonly unexpected: readonly string[]
  readonly misshapen: readonly MisshapenTensor[]
  /** Names that the file lacks and that have a neutral value: the scale and shift of a bare normalisation, a bias. */
  readonly neutral: readonly NeutralState[]
}

export interface NeutralState {
  readonly name: string
  readonly value: 0 | 1
}

export interface FillOptions {
  /** What to call the file. */
  readonly file: string
  /** What to call the network in messages, for instance `resnet18`. */
  readonly arch: string
  /** What the file looks like, when that is another network: the value for `--arch`. */
  readonly looksLike?: string | undefined
  /** The file has no classifier: its place is filled with zeros. */
  readonly headless?: boolean
}

export interface Filled {
  /** Parameters and buffers by name in the order of the graph. */
  readonly tensors: ReadonlyMap<string, Float32Array>
  /** What a person should know: parts that were missing. */
  readonly notes: readonly string[]
}

/** Compares a checkpoint with what a network needs, without reading tensors. */
export function fitOf(
  named: Pick<NamedCheckpoint, 'tensors' | 'unknown'>,
  states: States,
  headless = false,
): Fit {
  const absent = [...states.keys()].filter((name) => !named.tensors.has(name))
  const neutral = absent.flatMap((name) => neutralOf(name, named.tensors, headless))
  const filled = new Set(neutral.map(({ name }) => name))
  const misshapen = [...states].flatMap(([name, needed]) => {
    const found = named.tensors.get(name)?.shape
    return found === undefined || sameShape(found, needed) ? [] : [{ name, found, needed }]
  })
  const extra = [...named.tensors.values()].filter(({ name }) => !states.has(name)).map(({ from }) => from)
  return {
    missing: absent.filter((name) => !filled.has(name)),
    unexpected: [...extra, ...named.unknown.map(({ name }) => name)],
    misshapen,
    neutral,
  }
}

const classifiers = /^(fc|head\.fc|classifier|classifier\.1)\.(weight|bias)$/

/** Keras leaves out scales and shifts that are switched off; classifiers without a bias, or none at all, exist too. */
function neutralOf(
  name: string,
  tensors: ReadonlyMap<string, NamedTensor>,
  headless: boolean,
): readonly NeutralState[] {
  if (classifiers.test(name)) return headless || name.endsWith('.bias') ? [{ name, value: 0 }] : []
  const layer = name.replace(/\.[^.]*$/, '')
  if (!tensors.has(`${layer}.running_var`)) return []
  if (name.endsWith('.weight')) return [{ name, value: 1 }]
  return name.endsWith('.bias') ? [{ name, value: 0 }] : []
}

/**
 * Reads a network's tensors.
 *
 * @throws CheckpointError that lists every missing, unexpected and mis-shaped tensor, or names tensors with values that
 * are no finite numbers, and running variances below 0.
 */
export async function fill(
  config: ResNetConfig,
  named: Pick<NamedCheckpoint, 'tensors' | 'unknown'>,
  options: FillOptions,
): Promise<Filled> {
  const states = statesOf(config)
  const fit = fitOf(named, states, options.headless)
  if (fit.missing.length + fit.unexpected.length + fit.misshapen.length > 0)
    throw new CheckpointError(explainMisfit(fit, options))
  const neutral = new Map(fit.neutral.map(({ name, value }) => [name, value]))
  const tensors = new Map<string, Float32Array>()
  for (const [name, shape] of states) {
    const tensor = named.tensors.get(name)
    tensors.set(name, tensor === undefined ? constant(shape, neutral.get(name) ?? 0) : await tensor.read())
  }
  refuseUnnumbers(tensors, options.file)
  refuseNegativeVariances(tensors, options.file)
  return { tensors, notes: neutralNotes(fit.neutral, options) }
}

function constant(shape: readonly number[], value: number): Float32Array {
  return new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(value)
}

function neutralNotes(neutral: readonly NeutralState[], { headless }: FillOptions): readonly string[] {
  const notes: string[] = []
  if (headless === true)
    notes.push('the file has no classifier: features can be taken from it, but classes cannot be told')
  const rest = neutral.filter(({ name }) => !(headless === true && classifiers.test(name)))
  if (rest.length > 0)
    notes.push(
      `${rest.length} scales, shifts or biases that the file leaves out are neutral (${some(rest.map(({ name }) => name))})`,
    )
  return notes
}

function refuseNegativeVariances(tensors: ReadonlyMap<string, Float32Array>, file: string): void {
  const negative = [...tensors].filter(
    ([name, values]) => name.endsWith('.running_var') && values.some((value) => value < 0),
  )
  if (negative.length === 0) return
  throw new CheckpointError(
    `${file}: running variances below 0 in ${some(negative.map(([name]) => name))}; the file is damaged or holds another kind of tensor there`,
  )
}

/** One value that is no number makes every answer one. */
function refuseUnnumbers(tensors: ReadonlyMap<string, Float32Array>, file: string): void {
  const broken = [...tensors].flatMap(([name, values]) => {
    const value = values.find((each) => !Number.isFinite(each))
    return value === undefined ? [] : [{ name, value }]
  })
  const [first] = broken
  if (first === undefined) return
  const names = some(broken.map(({ name }) => name))
  throw new CheckpointError(
    `${file}: holds ${first.value} in ${names}, so that no answer of the network would be a number; the training that wrote it diverged, or the file is damaged; take an earlier one`,
  )
}

/** A few names and how many more there are. */
function some(names: readonly string[]): string {
  const shown = names.slice(0, 3).join(', ')
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown
}

const longestList = 12

/** The message for tensors that do not fit: counts first, then the groups, each cut after a dozen. */
export function explainMisfit(fit: Fit, { file, arch, looksLike }: FillOptions): string {
  const { missing, unexpected, misshapen } = fit
  const counts = [
    ...(missing.length > 0 ? [`${missing.length} missing`] : []),
    ...(unexpected.length > 0 ? [`${unexpected.length} unexpected`] : []),
    ...(misshapen.length > 0 ? [`${misshapen.length} of another shape`] : []),
  ]
  const next = looksLike === undefined ? '' : ` The file looks like ${looksLike}; try --arch ${looksLike}.`
  const shapes = misshapen.map(
    ({ name, found, needed }) => `${name} is [${found.join(', ')}], ${arch} needs [${needed.join(', ')}]`,
  )
  const statistics = missing.filter((name) => name.includes('.running_'))
  if (statistics.length > 0 && statistics.length === missing.length + unexpected.length + misshapen.length)
    return withoutStatistics(file, statistics[0] ?? '')
  return [
    `${file} does not hold ${arch}: ${counts.join(', ')}.${next}`,
    ...group('missing', missing),
    ...group('unexpected', unexpected),
    ...group('of another shape', shapes),
  ].join('\n')
}

function group(title: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return []
  const rest = lines.length - longestList
  return [
    `  ${title}:`,
    ...lines.slice(0, longestList).map((line) => `    ${line}`),
    ...(rest > 0 ? [`    and ${rest} more`] : []),
  ]
}
