/**
 * The layers that every part of a residual network is made of: convolution, normalisation, activation, pools, and what
 * acts in training alone. Each follows the config and the mode in which the graph is built.
 */
import { ConfigError } from '../errors.ts'
import type { GraphBuilder } from '../graph/builder.ts'
import type { GraphValue, Initialiser, NodeValue } from '../graph/graph.ts'
import { averagePool } from '../ops/average-pool.ts'
import { batchNorm } from '../ops/batch-norm.ts'
import { batchNormTraining } from '../ops/batch-norm-training.ts'
import { blurPool } from '../ops/blur-pool.ts'
import { constant } from '../ops/constant.ts'
import { conv2d } from '../ops/conv2d.ts'
import { groupNorm } from '../ops/group-norm.ts'
import { linear } from '../ops/linear.ts'
import { multiply } from '../ops/multiply.ts'
import { randomMask } from '../ops/random-mask.ts'
import { relu } from '../ops/relu.ts'
import { relu6 } from '../ops/relu6.ts'
import { imageShape, type Shape } from '../ops/shape.ts'
import { sigmoid } from '../ops/sigmoid.ts'
import { silu } from '../ops/silu.ts'
import { standardiseWeight } from '../ops/standardise-weight.ts'
import { type Follows, type Padding, pad } from '../ops/window.ts'
import type { ConvolutionRole, ResNetConfig } from './config.ts'
import { type Names, namesOf } from './names.ts'
import { samePadding, symmetricPadding } from './padding.ts'

/** How a graph is built. */
export interface BuildOptions {
  /**
   * `inference` (default): running statistics, nothing random. `training`: batch statistics, whose running averages are
   * assigned, and dropout, stochastic depth and DropBlock drawn from the inputs `seed` [2] and `imageIndex` [N].
   */
  readonly mode?: 'inference' | 'training'
  /** Sections (`stem`, `stage 1`, ...) that work as in inference when the rest trains. */
  readonly frozen?: readonly string[]
  /** Starts the last scale of each residual branch at zero (arXiv:1706.02677), so that blocks begin as identities. */
  readonly zeroLastScale?: boolean
}

export interface ConvolutionOptions {
  readonly filters: number
  readonly kernel: number
  readonly stride?: number
  readonly dilation?: number
  readonly groups?: number
  /** Whether the config gives this convolution a bias. */
  readonly role?: ConvolutionRole
  /** First value of a bias that is there whatever the config says. */
  readonly bias?: number
}

/** The operations that activations are. */
export const activations = { relu, relu6, silu, sigmoid }

export const onesInitialiser: Initialiser = { kind: 'constant', value: 1 }
export const zerosInitialiser: Initialiser = { kind: 'constant', value: 0 }

export class Layers {
  readonly graph: GraphBuilder
  readonly config: ResNetConfig
  readonly names: Names
  readonly options: BuildOptions
  #streams = 0
  #random: { seed: GraphValue; imageIndex: GraphValue } | undefined

  constructor(graph: GraphBuilder, config: ResNetConfig, options: BuildOptions) {
    this.graph = graph
    this.config = config
    this.names = namesOf(config)
    this.options = options
  }

  /** Whether the section that is being built is trained. */
  get training(): boolean {
    const frozen = this.options.frozen?.includes(this.graph.part.section) ?? false
    return this.options.mode === 'training' && !frozen
  }

  /** A convolution with parameters `name.weight` [K, C / groups, R, S] and perhaps `name.bias` [K]. */
  convolution(name: string, x: GraphValue, options: ConvolutionOptions): NodeValue {
    const { filters, kernel, stride = 1, dilation = 1, groups = 1, role, bias } = options
    const { channels, height, width } = imageShape(x.shape, name)
    const shape = [filters, Math.floor(channels / groups), kernel, kernel]
    const weight = this.graph.parameter(`${name}.weight`, shape, { kind: 'kaiming-normal', fan: 'out' })
    const { standardised } = this.config.convolution
    const inputs: GraphValue[] = [
      x,
      standardised === null || role === undefined
        ? weight
        : this.graph.add(`${name}.standardised`, standardiseWeight, { epsilon: standardised.epsilon }, [
            weight,
          ]),
    ]
    const biased = role !== undefined && this.config.convolution.bias.includes(role)
    if (biased || bias !== undefined) {
      inputs.push(this.graph.parameter(`${name}.bias`, [filters], { kind: 'constant', value: bias ?? 0 }))
    }
    const padding =
      this.config.convolution.padding === 'same'
        ? samePadding([height, width], kernel, stride, dilation)
        : symmetricPadding(kernel, dilation)
    const follows = this.config.convolution.padding === 'same' && stride > 1 && kernel > 1
    const attributes = {
      stride: pair(stride),
      dilation: pair(dilation),
      padding,
      groups,
      ...(follows ? { follows: 'same' as const } : {}),
    }
    return this.graph.add(name, conv2d, attributes, inputs)
  }

  /** The config's normalisation with parameters `name.weight`, `name.bias` and, for batches, running statistics. */
  normalise(name: string, x: GraphValue, options: { readonly scale?: Initialiser } = {}): GraphValue {
    const { channels } = imageShape(x.shape, name)
    const scale = this.graph.parameter(`${name}.weight`, [channels], options.scale ?? onesInitialiser)
    const shift = this.graph.parameter(`${name}.bias`, [channels], zerosInitialiser)
    const { normalisation } = this.config
    if (normalisation.kind === 'batch') return this.batchNormalise(name, x, scale, shift)
    const { groups, epsilon } = normalisation
    if (channels % groups !== 0) {
      throw new ConfigError(
        'normalisation.groups',
        `${groups} does not divide the ${channels} channels that ${name} normalises; change it or the widths`,
      )
    }
    return this.graph.add(name, groupNorm, { groups, epsilon }, [x, scale, shift])
  }

  /** Batch normalisation with running statistics; scale and shift are the caller's. */
  batchNormalise(name: string, x: GraphValue, scale: GraphValue, shift: GraphValue): GraphValue {
    const { channels } = imageShape(x.shape, name)
    const { normalisation } = this.config
    const { epsilon, momentum } =
      normalisation.kind === 'batch' ? normalisation : { epsilon: 1e-5, momentum: 0.1 }
    const mean = this.graph.buffer(`${name}.running_mean`, [channels], zerosInitialiser)
    const variance = this.graph.buffer(`${name}.running_var`, [channels], onesInitialiser)
    const inputs = [x, scale, shift, mean, variance]
    if (!this.training) return this.graph.add(name, batchNorm, { epsilon }, inputs)
    const [y = x, , , nextMean = mean, nextVariance = variance] = this.graph.addAll(
      name,
      batchNormTraining,
      { epsilon, momentum },
      inputs,
    )
    this.graph.assign(mean, nextMean)
    this.graph.assign(variance, nextVariance)
    return y
  }

  /** Scale of a block's last normalisation: one, or zero when the options say so. */
  get lastScale(): Initialiser {
    return this.options.zeroLastScale === true ? zerosInitialiser : onesInitialiser
  }

  activate(name: string, x: GraphValue): NodeValue {
    return this.graph.add(name, activations[this.config.activation], {}, [x])
  }

  averagePool(
    name: string,
    x: GraphValue,
    options: {
      kernel: number
      stride: number
      padding?: Padding
      follows?: Follows
      countPadding?: boolean
    },
  ): NodeValue {
    const { kernel, stride, padding = symmetricPadding(1), countPadding = false, ...rest } = options
    this.checkFits(name, x, kernel, padding)
    const attributes = { kernel: pair(kernel), stride: pair(stride), padding, countPadding, ...rest }
    return this.graph.add(name, averagePool, attributes, [x])
  }

  /** Throws `ConfigError` where not one window of a pool fits a map. */
  checkFits(name: string, x: GraphValue, kernel: number, padding: Padding): void {
    const { height, width } = imageShape(x.shape, name)
    const fits =
      height + padding.top + padding.bottom >= kernel && width + padding.left + padding.right >= kernel
    if (!fits) this.refuseMap(x, `the ${kernel}×${kernel} window of ${name}`)
  }

  /** Throws `ConfigError`: a map is too small for what comes next. */
  refuseMap(x: GraphValue, what: string): never {
    const { height, width } = imageShape(x.shape, what)
    throw new ConfigError(
      'input',
      `${this.config.input.join('×')} leaves a map of ${height}×${width}, too small for ${what}; take a larger input or fewer strides`,
    )
  }

  /** The filter that follows a convolution whose stride it has taken over (arXiv:1904.11486). */
  blurPool(name: string, x: GraphValue, taps: readonly number[], stride: number): NodeValue {
    const { height, width } = imageShape(x.shape, name)
    // What blurPool reflects at each edge must lie on the map.
    const margin = Math.floor((stride - 1 + taps.length - 1) / 2)
    if (Math.min(height, width) <= margin) this.refuseMap(x, `the blur of ${taps.length} taps of ${name}`)
    this.checkFits(name, x, taps.length, pad(margin))
    return this.graph.add(name, blurPool, { taps, stride, padding: 'reflect' }, [x])
  }

  /** A linear layer with parameters `name.weight` [K, C] and `name.bias` [K]. */
  linear(name: string, x: GraphValue, filters: number): NodeValue {
    const inputs = x.shape[1]
    const fanIn = typeof inputs === 'number' ? inputs : 1
    const initialiser: Initialiser = { kind: 'uniform', fanIn }
    const weight = this.graph.parameter(`${name}.weight`, [filters, fanIn], initialiser)
    const bias = this.graph.parameter(`${name}.bias`, [filters], initialiser)
    return this.graph.add(name, linear, {}, [x, weight, bias])
  }

  /** Dropout in training: zeros elements with probability `rate` and divides the rest by what is kept. */
  dropout(name: string, x: GraphValue, rate: number): GraphValue {
    return this.mask(name, x, { keep: 1 - rate, scale: true, shape: x.shape })
  }

  /** Multiplies by a random mask in training; the identity in inference or where everything is kept. */
  mask(name: string, x: GraphValue, options: { keep: number; scale: boolean; shape: Shape }): GraphValue {
    if (!this.training || options.keep >= 1) return x
    const { seed, imageIndex } = this.random
    const mask = this.graph.add(`${name}.mask`, randomMask, { stream: this.nextStream(), ...options }, [
      seed,
      imageIndex,
    ])
    return this.graph.add(name, multiply, {}, [x, mask])
  }

  /** The inputs that random operations are keyed by, added when the first is met. */
  get random(): { readonly seed: GraphValue; readonly imageIndex: GraphValue } {
    this.#random ??= {
      seed: this.graph.input('seed', [2]),
      imageIndex: this.graph.input('imageIndex', ['N']),
    }
    return this.#random
  }

  /** A number that no other random operation of the network has. */
  nextStream(): number {
    return this.#streams++
  }

  /** A fixed scale or shift for a normalisation that has no such parameter. */
  fixed(name: string, channels: number, value: number): NodeValue {
    return this.graph.add(name, constant, { shape: [channels], value }, [])
  }
}

export function pair(value: number): readonly [number, number] {
  return [value, value]
}
