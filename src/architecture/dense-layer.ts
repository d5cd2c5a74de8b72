/** Dense concatenation (arXiv:1608.06993): a layer adds its growth to the channels of everything before it. */
import { ConfigError } from '../errors.ts'
import type { GraphValue } from '../graph/graph.ts'
import { concat } from '../ops/concat.ts'
import { imageShape } from '../ops/shape.ts'
import { blockKey, type DenseLayerConfig } from './config.ts'
import type { Layers } from './layers.ts'
import type { BlockPlace } from './residual-block.ts'

export function buildDenseLayer(
  layers: Layers,
  config: DenseLayerConfig,
  x: GraphValue,
  place: BlockPlace,
): GraphValue {
  const { graph, names } = layers
  const name = names.block(place.stage, place.block)
  const input = place.block === 0 && place.stage > 0 ? transition(layers, config, x, place) : x
  const growth = place.width
  const part = graph.part
  graph.part = { ...part, path: 'branch' }
  let y = layers.activate(`${name}.relu1`, layers.normalise(`${name}.norm1`, input))
  y = layers.convolution(`${name}.conv1`, y, {
    filters: config.bottleneck * growth,
    kernel: 1,
    role: 'conv1',
  })
  y = layers.activate(`${name}.relu2`, layers.normalise(`${name}.norm2`, y))
  const { dilation } = place
  y = layers.convolution(`${name}.conv2`, y, { filters: growth, kernel: 3, dilation, role: 'conv2' })
  const { branchDropout } = layers.config.regularisation
  const kept = layers.dropout(`${name}.dropout`, y, branchDropout)
  graph.part = part
  return graph.add(`${name}.concat`, concat, { axis: 1 }, [input, kept])
}

/** Fewer channels and half the resolution between two dense stages. */
function transition(layers: Layers, config: DenseLayerConfig, x: GraphValue, place: BlockPlace): GraphValue {
  const name = layers.names.transition(place.stage)
  const { channels } = imageShape(x.shape, name)
  const filters = Math.floor(channels * config.compression)
  if (filters === 0) {
    throw new ConfigError(
      `${blockKey(layers.config, place.stage)}.compression`,
      `${config.compression} leaves none of the ${channels} channels of ${name}`,
    )
  }
  const activated = layers.activate(`${name}.relu`, layers.normalise(`${name}.norm`, x))
  const y = layers.convolution(`${name}.conv`, activated, { filters, kernel: 1, role: 'shortcut' })
  return place.stride === 1 ? y : layers.averagePool(`${name}.pool`, y, { kernel: 2, stride: 2 })
}
