/** The inverted bottleneck (arXiv:1801.04381): expand, filter each channel by itself, project back without activation. */
import type { GraphValue } from '../graph/graph.ts'
import { add } from '../ops/add.ts'
import { imageShape } from '../ops/shape.ts'
import type { InvertedBlockConfig } from './config.ts'
import type { Layers } from './layers.ts'
import { stochasticDepth } from './regularisation.ts'
import type { BlockPlace } from './residual-block.ts'

export function buildInvertedBlock(
  layers: Layers,
  config: InvertedBlockConfig,
  x: GraphValue,
  place: BlockPlace,
): GraphValue {
  const { graph, names } = layers
  const name = `${names.block(place.stage, place.block)}.conv`
  const { channels } = imageShape(x.shape, name)
  const inner = channels * config.expansion
  const part = graph.part
  graph.part = { ...part, path: 'branch' }
  let y: GraphValue = x
  let index = 0
  if (config.expansion !== 1) {
    y = layers.convolution(`${name}.0.0`, y, { filters: inner, kernel: 1, role: 'conv1' })
    y = layers.activate(`${name}.0.2`, layers.normalise(`${name}.0.1`, y))
    index = 1
  }
  const depthwise = {
    filters: inner,
    kernel: 3,
    stride: place.stride,
    dilation: place.firstDilation,
    groups: inner,
  }
  y = layers.convolution(`${name}.${index}.0`, y, { ...depthwise, role: 'conv2' })
  y = layers.activate(`${name}.${index}.2`, layers.normalise(`${name}.${index}.1`, y))
  y = layers.convolution(`${name}.${index + 1}`, y, { filters: place.width, kernel: 1, role: 'conv3' })
  y = layers.normalise(`${name}.${index + 2}`, y, { scale: layers.lastScale })
  graph.part = part
  if (place.stride !== 1 || channels !== place.width) return y
  const kept = stochasticDepth(layers, name, y, place)
  return graph.add(`${names.block(place.stage, place.block)}.add`, add, {}, [x, kept])
}
