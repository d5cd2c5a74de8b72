/** The head: from the last stage's map to one score for each class. */
import { ConfigError } from '../errors.ts'
import type { GraphValue } from '../graph/graph.ts'
import { concat } from '../ops/concat.ts'
import { globalAveragePool } from '../ops/global-average-pool.ts'
import { maxPool } from '../ops/max-pool.ts'
import { reshape } from '../ops/reshape.ts'
import { imageShape } from '../ops/shape.ts'
import { activations, type Layers } from './layers.ts'

export function buildHead(layers: Layers, x: GraphValue): GraphValue {
  const { graph, config, names } = layers
  graph.part = { section: 'head' }
  const pooled = pool(layers, widen(layers, activateLast(layers, x)))
  const { channels } = imageShape(pooled.shape, 'head')
  if (config.head.classifier === 'convolution' && config.head.hidden.length === 0) {
    graph.name('features', pooled)
    const kept = layers.dropout('head.dropout', pooled, config.head.dropout)
    const logits = layers.convolution(names.classifier, kept, { filters: config.classes, kernel: 1, bias: 0 })
    return graph.add('logits', reshape, { shape: ['N', config.classes] }, [logits])
  }
  const features = graph.add('features', reshape, { shape: ['N', channels] }, [pooled])
  const kept = layers.dropout('head.dropout', features, config.head.dropout)
  const logits = layers.linear(names.classifier, hide(layers, kept), config.classes)
  graph.name('logits', logits)
  return logits
}

/** The head's hidden layers. */
function hide(layers: Layers, features: GraphValue): GraphValue {
  return layers.config.head.hidden.reduce((x: GraphValue, { width, activation }, i) => {
    const name = layers.names.head[i] ?? `hidden.${i}`
    const y = layers.linear(name, x, width)
    if (activation === 'none') return y
    return layers.graph.add(`${name}.${activation}`, activations[activation], {}, [y])
  }, features)
}

function activateLast(layers: Layers, x: GraphValue): GraphValue {
  switch (layers.config.head.finalActivation) {
    case 'none':
      return x
    case 'activation':
      return layers.activate('head.relu', x)
    case 'normalisation-and-activation':
      return layers.activate('head.relu', layers.normalise(layers.names.finalNormalisation, x))
  }
}

/** MobileNetV2's last 1×1 convolution. */
function widen(layers: Layers, x: GraphValue): GraphValue {
  const { names, config } = layers
  const filters = config.head.convolutionWidth
  if (filters === 0) return x
  const y = layers.normalise(
    names.headNormalisation,
    layers.convolution(names.headConvolution, x, { filters, kernel: 1 }),
  )
  return layers.activate('head.conv.relu', y)
}

function pool(layers: Layers, x: GraphValue): GraphValue {
  const { pool: config } = layers.config.head
  const average = () => layers.graph.add('avgpool', globalAveragePool, {}, [x])
  if (config.kind === 'global') return average()
  if (config.kind === 'average-and-maximum') {
    const both = [average(), greatest(layers, x)]
    const inOrder = config.order === 'average-first' ? both : both.toReversed()
    return layers.graph.add('avgmaxpool', concat, { axis: 1 }, inOrder)
  }
  const { height, width } = imageShape(x.shape, 'head')
  if (height !== config.size || width !== config.size) {
    throw new ConfigError(
      'head.pool.size',
      `a fixed ${config.size}×${config.size} average must cover the last map, which is ${height}×${width}; change the input size or set head.pool.kind to global`,
    )
  }
  return layers.averagePool('avgpool', x, { kernel: config.size, stride: 1 })
}

/** The greatest value of each channel's map. */
function greatest(layers: Layers, x: GraphValue): GraphValue {
  const { height, width } = imageShape(x.shape, 'head')
  const kernel = [height, width] as const
  const padding = { top: 0, left: 0, bottom: 0, right: 0 }
  const attributes = {
    kernel,
    stride: kernel,
    padding,
    follows: 'map' as const,
    paddingValue: 'negative-infinity' as const,
  }
  return layers.graph.add('maxpool.head', maxPool, attributes, [x])
}
