/** Channel attention inside a block: squeeze-and-excitation, ECA, and selective kernels in place of a 3×3. */
import { ConfigError } from '../errors.ts'
import type { GraphValue } from '../graph/graph.ts'
import { add } from '../ops/add.ts'
import { conv2d } from '../ops/conv2d.ts'
import { globalAveragePool } from '../ops/global-average-pool.ts'
import { multiply } from '../ops/multiply.ts'
import { reshape } from '../ops/reshape.ts'
import { imageShape } from '../ops/shape.ts'
import { sigmoid } from '../ops/sigmoid.ts'
import { slice } from '../ops/slice.ts'
import { softmax } from '../ops/softmax.ts'
import type { AttentionConfig } from './config.ts'
import { type Layers, pair } from './layers.ts'

type SqueezeExcitation = Extract<AttentionConfig, { kind: 'se' }>
type SelectiveKernels = Extract<AttentionConfig, { kind: 'sk' }>

/** The config's gate on `x` where it stands at this place of the block; `x` itself otherwise. */
export function attend(
  layers: Layers,
  block: string,
  x: GraphValue,
  place: SqueezeExcitation['position'],
): GraphValue {
  const { attention } = layers.config
  if (attention.kind === 'se' && attention.position === place)
    return squeezeExcite(layers, `${block}.se`, x, attention)
  if (attention.kind === 'eca' && place === 'branch-end')
    return efficientAttention(layers, `${block}.se`, x, attention.kernel)
  return x
}

/** arXiv:1709.01507, equations 2 to 4: s = σ(W₂ · ReLU(W₁ · mean(x))), x · s. */
function squeezeExcite(layers: Layers, name: string, x: GraphValue, config: SqueezeExcitation): GraphValue {
  const { graph } = layers
  const { channels } = imageShape(x.shape, name)
  const inner = roundedTo(channels / config.reduction, config.divisor)
  const bias = config.bias ? { bias: 0 } : {}
  const squeezed = graph.add(`${name}.pool`, globalAveragePool, {}, [x])
  const reduced = layers.convolution(`${name}.fc1`, squeezed, { filters: inner, kernel: 1, ...bias })
  const active = layers.activate(`${name}.relu`, reduced)
  const expanded = layers.convolution(`${name}.fc2`, active, { filters: channels, kernel: 1, ...bias })
  const gate = graph.add(`${name}.gate`, sigmoid, {}, [expanded])
  return graph.add(`${name}.multiply`, multiply, {}, [x, gate])
}

/** arXiv:1910.03151: a one-dimensional convolution over the channels' means; kernel size by its equation 12 (γ 2, b 1). */
function efficientAttention(
  layers: Layers,
  name: string,
  x: GraphValue,
  kernel: 'from-width' | number,
): GraphValue {
  const { graph } = layers
  const { channels } = imageShape(x.shape, name)
  const size = kernel === 'from-width' ? efficientKernel(channels) : kernel
  const weight = graph.parameter(`${name}.conv.weight`, [1, 1, size], { kind: 'kaiming-normal', fan: 'in' })
  const column = graph.add(`${name}.conv.column`, reshape, { shape: [1, 1, size, 1] }, [weight])
  const squeezed = graph.add(`${name}.pool`, globalAveragePool, {}, [x])
  const means = graph.add(`${name}.means`, reshape, { shape: ['N', 1, channels, 1] }, [squeezed])
  const margin = (size - 1) / 2
  const mixed = graph.add(
    `${name}.conv`,
    conv2d,
    {
      stride: pair(1),
      dilation: pair(1),
      padding: { top: margin, left: 0, bottom: margin, right: 0 },
      groups: 1,
    },
    [means, column],
  )
  const logits = graph.add(`${name}.logits`, reshape, { shape: ['N', channels, 1, 1] }, [mixed])
  const gate = graph.add(`${name}.gate`, sigmoid, {}, [logits])
  return graph.add(`${name}.multiply`, multiply, {}, [x, gate])
}

export function efficientKernel(channels: number): number {
  const size = Math.floor(Math.abs(Math.log2(channels) + 1) / 2)
  return Math.max(size % 2 === 1 ? size : size + 1, 3)
}

/**
 * arXiv:1903.06586 as timm builds it: two 3×3 paths, the second dilated by 2 in the place of a 5×5; softmax over the
 * paths for each channel. Replaces convolution, normalisation and activation.
 */
export function selectiveKernels(
  layers: Layers,
  name: string,
  x: GraphValue,
  options: { filters: number; stride: number; dilation: number; groups: number; config: SelectiveKernels },
): GraphValue {
  const { graph } = layers
  const { filters, stride, dilation, groups, config } = options
  const { channels } = imageShape(x.shape, name)
  const half = channels / 2
  const ways = Math.min(filters, groups)
  if (config.split && half % ways !== 0) {
    throw new ConfigError(
      'attention.split',
      `must be false: half of the ${channels} channels that ${name} reads cannot be parted into ${ways === 1 ? 'whole channels' : `${ways} groups`}`,
    )
  }
  const paths = [0, 1].map((path) => {
    const prefix = `${name}.paths.${path}`
    const input = config.split
      ? graph.add(`${prefix}.input`, slice, { axis: 1, start: path * half, length: half }, [x])
      : x
    const y = layers.convolution(`${prefix}.conv`, input, {
      filters,
      kernel: 3,
      stride,
      dilation: dilation * (path + 1),
      groups: ways,
      role: 'conv2',
    })
    return layers.activate(`${prefix}.relu`, layers.normalise(`${prefix}.bn`, y))
  })
  const [first = x, second = x] = paths
  const gates = selectPaths(
    layers,
    `${name}.attn`,
    graph.add(`${name}.sum`, add, {}, [first, second]),
    config,
  )
  const weighted = paths.map((path, index) => {
    const prefix = `${name}.paths.${index}`
    const gate = graph.add(`${prefix}.gate`, slice, { axis: 1, start: index * filters, length: filters }, [
      gates,
    ])
    return graph.add(`${prefix}.multiply`, multiply, {}, [path, gate])
  })
  return graph.add(`${name}.select`, add, {}, weighted)
}

/** The paths' shares [N, 2C, 1, 1], from the sum of the paths. */
function selectPaths(layers: Layers, name: string, sum: GraphValue, config: SelectiveKernels): GraphValue {
  const { graph } = layers
  const { channels } = imageShape(sum.shape, name)
  const inner = roundedTo(channels / config.reduction, config.divisor, 0.9)
  const means = graph.add(`${name}.pool`, globalAveragePool, {}, [sum])
  const reduced = layers.convolution(`${name}.fc_reduce`, means, { filters: inner, kernel: 1 })
  const active = layers.activate(`${name}.relu`, layers.normalise(`${name}.bn`, reduced))
  const logits = layers.convolution(`${name}.fc_select`, active, { filters: 2 * channels, kernel: 1 })
  const apart = graph.add(`${name}.logits`, reshape, { shape: ['N', 2, channels, 1] }, [logits])
  const shares = graph.add(`${name}.softmax`, softmax, { axis: 1 }, [apart])
  return graph.add(`${name}.shares`, reshape, { shape: ['N', 2 * channels, 1, 1] }, [shares])
}

/** The multiple of `divisor` nearest to `value` and not below `divisor`, nor below `share` of the value. */
export function roundedTo(value: number, divisor: number, share = 0): number {
  const rounded = Math.max(divisor, Math.floor((value + divisor / 2) / divisor) * divisor)
  return rounded < share * value ? rounded + divisor : rounded
}
