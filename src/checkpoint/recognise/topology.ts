/**
 * Reads from a Keras network's own graph what shapes are silent about: strides and where they sit, paddings, the stem's
 * pool, epsilons, the activation, the input size. What the config cannot say is refused, never guessed.
 */
import type { Changes } from '../../architecture/change.ts'
import { blockOf, type ResNetConfig } from '../../architecture/config.ts'
import { namesOf } from '../../architecture/names.ts'
import { CheckpointError } from '../../errors.ts'
import type { KerasLayer, KerasTopology } from '../checkpoint.ts'
import type { NamingScheme } from '../naming/scheme.ts'
import { translate } from '../naming/template.ts'
import { inputSizeOf, numberSetting, sizeSetting, textSetting, windowPadding } from './keras-settings.ts'

export interface Settled {
  /** Fields of the config by dotted key. */
  readonly changes: Changes
  readonly evidence: readonly string[]
}

interface Reading {
  readonly file: string
  readonly topology: KerasTopology
  readonly config: ResNetConfig
  /** Layers by our names. */
  readonly layers: ReadonlyMap<string, KerasLayer>
}

/** Throws `CheckpointError` where the graph is one that the config cannot say. */
export function readTopology(
  file: string,
  topology: KerasTopology,
  scheme: NamingScheme,
  config: ResNetConfig,
): Settled {
  const layers = new Map<string, KerasLayer>()
  for (const layer of topology.layers) {
    const name = translate(scheme.rules, layer.name, 'theirs')
    if (name !== undefined) layers.set(name, layer)
  }
  const reading = { file, topology, config, layers }
  refuseOther(reading)
  const strides = readStrides(reading)
  const normalisation = readNormalisation(reading)
  const changes = {
    ...strides.changes,
    ...readPool(reading),
    ...readPadding(reading),
    ...normalisation,
    ...readActivation(reading),
    ...readInput(reading),
  }
  const evidence = [`the file's graph of ${topology.layers.length} layers says: ${strides.says}`]
  const epsilon = normalisation['normalisation.epsilon']
  if (epsilon !== undefined) evidence.push(`the file's graph says: epsilon ${epsilon}`)
  return { changes, evidence }
}

/** Dilation and activations inside convolutions are no part of the networks that these names belong to. */
function refuseOther({ file, layers }: Reading): void {
  for (const layer of layers.values()) {
    if (!/Conv2D$/.test(layer.className)) continue
    const activation = textSetting(layer, 'activation') ?? 'linear'
    const dilation = sizeSetting(layer, 'dilation_rate') ?? 1
    if (activation === 'linear' && dilation === 1) continue
    const what =
      activation === 'linear' ? `a dilation of ${dilation}` : `the activation ${activation} inside it`
    throw new CheckpointError(
      `${file}: its graph gives ${layer.name} ${what}; no residual network that is known here has that`,
    )
  }
}

type StridePlace = 'conv1' | 'conv2' | 'last-block'

const placeNames = {
  conv1: 'the first convolution of a stage',
  conv2: 'the second convolution of a stage',
  'last-block': 'the last block of the stage before',
} as const satisfies Record<StridePlace, string>

/** Strides of stem and stages, and which convolution of a block carries them. */
function readStrides(reading: Reading): { readonly changes: Changes; readonly says: string } {
  const { file, config } = reading
  const names = namesOf(config)
  const strides = config.stages.map(() => 1)
  const places = new Set<StridePlace>()
  for (const { stage, place, stride, layer } of stridedConvolutions(reading)) {
    if (place === undefined || stride !== 2 || strides[stage] !== 1 || stage >= strides.length) {
      throw new CheckpointError(
        `${file}: its graph gives ${layer} a stride of ${stride}; no residual network that is known here has that`,
      )
    }
    places.add(place)
    strides[stage] = stride
  }
  if (places.size > 1) {
    throw new CheckpointError(
      `${file}: its graph puts strides into ${[...places].join(' and ')}; a config has one place for all stages`,
    )
  }
  const [place] = places
  const stem = strideOf(reading, names.stemConvolutions[0] ?? '')
  const changes = new Map<string, unknown>([['stem.stride', stem]])
  strides.forEach((stride, s) => {
    changes.set(`stages.${s}.stride`, stride)
  })
  if (place === undefined || !('strideAt' in config.block))
    return { changes: Object.fromEntries(changes), says: 'no stage has a stride' }
  changes.set('block.strideAt', place)
  return { changes: Object.fromEntries(changes), says: `strides sit in ${placeNames[place]}` }
}

function strideOf({ layers }: Reading, name: string): number {
  const layer = layers.get(name)
  return layer === undefined ? 1 : (sizeSetting(layer, 'strides') ?? 1)
}

interface StridedConvolution {
  readonly layer: string
  /** The stage whose stride it is. */
  readonly stage: number
  readonly stride: number
  /** Undefined where no config lets a stride sit. */
  readonly place: StridePlace | undefined
}

/** The convolutions of residual branches that have a stride. */
function stridedConvolutions(reading: Reading): readonly StridedConvolution[] {
  const { config } = reading
  const names = namesOf(config)
  return config.stages.flatMap((stage, s) => {
    const { kind } = blockOf(config, stage)
    if (kind !== 'basic' && kind !== 'bottleneck') return []
    return Array.from({ length: stage.blocks }, (_, b) =>
      [1, 2, 3].map((n): StridedConvolution => {
        const layer = `${names.block(s, b)}.${names.convolution(n)}`
        const stride = strideOf(reading, layer)
        if (b === 0 && n < 3) return { layer, stage: s, stride, place: n === 1 ? 'conv1' : 'conv2' }
        const last = b === stage.blocks - 1 && n === 2
        return { layer, stage: s + 1, stride, place: last ? 'last-block' : undefined }
      }),
    )
      .flat()
      .filter(({ stride }) => stride !== 1)
  })
}

function readPool({ file, topology, config }: Reading): Changes {
  const pools = topology.layers.filter(
    (layer) => /^(Max|Average)Pooling2D$/.test(layer.className) && (sizeSetting(layer, 'pool_size') ?? 1) > 1,
  )
  const [pool] = pools
  if (pool === undefined || isLast(topology, pool)) return { 'stem.pool': { kind: 'none' } }
  const size = sizeSetting(pool, 'pool_size')
  const stride = sizeSetting(pool, 'strides')
  const padding = windowPadding(topology, pool)
  if (pool.className === 'MaxPooling2D' && size === 3 && stride === 2) {
    if (padding === 'same') return { 'stem.pool': { kind: 'max', padding: 'same' } }
    const [before, after] = padding ?? []
    if (before === 1 && after === 1) return { 'stem.pool': { kind: 'max', padding: 'zeros' } }
    // Behind an activation zeros and "nothing" have the same maximum.
    if (before === 0 && after === 1 && config.stem.activated)
      return { 'stem.pool': { kind: 'max', padding: 'same' } }
  }
  throw new CheckpointError(
    `${file}: its graph has a stem pool (${pool.name}: ${pool.className} of ${size ?? 'unequal sizes'}, stride ${stride ?? 'unequal'}, padding ${String(padding)}) that a config cannot say; 3×3 maximum with stride 2 and padding is read`,
  )
}

/** Whether a layer stands behind the last convolution. */
function isLast(topology: KerasTopology, layer: KerasLayer): boolean {
  const after = topology.layers.slice(topology.layers.indexOf(layer) + 1)
  return !after.some(({ className }) => /Conv2D$/.test(className))
}

/** How strided windows are padded. */
function readPadding({ file, topology, layers }: Reading): Changes {
  const found = new Set<string>()
  for (const layer of layers.values()) {
    const kernel = sizeSetting(layer, 'kernel_size') ?? 1
    if (!/Conv2D$/.test(layer.className) || kernel === 1 || (sizeSetting(layer, 'strides') ?? 1) === 1)
      continue
    const padding = windowPadding(topology, layer)
    if (padding === 'same') found.add('same')
    else if (padding?.[0] === (kernel - 1) / 2 && padding[1] === padding[0]) found.add('symmetric')
    else found.add(`${String(padding)} around ${layer.name}`)
  }
  const [padding, ...others] = found
  if (padding === undefined) return {}
  if (others.length > 0 || (padding !== 'same' && padding !== 'symmetric')) {
    throw new CheckpointError(
      `${file}: its graph pads strided convolutions by ${[...found].join(' and ')}; a config has one rule for all, same or symmetric`,
    )
  }
  return { 'convolution.padding': padding }
}

function readNormalisation({ file, layers, config }: Reading): Record<string, unknown> {
  const norms = [...layers.values()].filter(({ className }) => className.startsWith('BatchNormalization'))
  if (norms.length === 0 || config.normalisation.kind !== 'batch') return {}
  const epsilons = new Set(norms.map((layer) => numberSetting(layer, 'epsilon') ?? 1e-3))
  const [epsilon = 1e-3, ...others] = epsilons
  if (others.length > 0) {
    throw new CheckpointError(
      `${file}: its normalisations have the epsilons ${[...epsilons].slice(0, 4).join(', ')}; a config has one for all`,
    )
  }
  const [first] = norms
  const kept = first === undefined ? 0.99 : (numberSetting(first, 'momentum') ?? 0.99)
  // Keras counts what is kept, we what is new; rounded, since 1 - 0.99 is not 0.01.
  return { 'normalisation.epsilon': epsilon, 'normalisation.momentum': Number((1 - kept).toFixed(9)) }
}

const activations = new Map([
  ['relu', 'relu'],
  ['relu6', 'relu6'],
  ['silu', 'silu'],
  ['swish', 'silu'],
])

function readActivation({ file, topology }: Reading): Changes {
  const found = new Set<string>()
  for (const layer of topology.layers) {
    if (layer.className === 'ReLU') found.add(numberSetting(layer, 'max_value') === 6 ? 'relu6' : 'relu')
    const name = layer.className === 'Activation' ? textSetting(layer, 'activation') : undefined
    // Behind the classifier it makes probabilities of the scores.
    if (name === 'sigmoid' && isLast(topology, layer)) continue
    if (name !== undefined && name !== 'softmax' && name !== 'linear')
      found.add(activations.get(name) ?? name)
  }
  const [activation, ...others] = found
  if (activation === undefined) return {}
  if (others.length > 0 || ![...activations.values()].includes(activation)) {
    throw new CheckpointError(
      `${file}: its graph has the activations ${[...found].slice(0, 4).join(', ')}; one of relu, relu6, silu is read`,
    )
  }
  return { activation }
}

function readInput({ topology }: Reading): Changes {
  const size = inputSizeOf(topology)
  return size === undefined ? {} : { input: size }
}
