/** What drops parts of a residual branch in training: stochastic depth and DropBlock. */
import type { GraphValue } from '../graph/graph.ts'
import { dropBlockMask } from '../ops/drop-block-mask.ts'
import { multiply } from '../ops/multiply.ts'
import { scale } from '../ops/scale.ts'
import { imageShape } from '../ops/shape.ts'
import type { Layers } from './layers.ts'

/** The branch, kept or dropped as a whole (arXiv:1603.09382). */
export function stochasticDepth(
  layers: Layers,
  name: string,
  branch: GraphValue,
  place: { readonly index: number; readonly count: number },
): GraphValue {
  const depth = layers.config.regularisation.stochasticDepth
  if (depth === null) return branch
  const share =
    depth.schedule === 'paper' ? (place.index + 1) / place.count : place.index / Math.max(1, place.count - 1)
  const keep = 1 - depth.rate * share
  const inTraining = depth.rescale === 'training'
  if (!layers.training) {
    if (inTraining || keep === 1) return branch
    return layers.graph.add(`${name}.expectation`, scale, { factor: keep, offset: 0 }, [branch])
  }
  const shape = depth.draw === 'image' ? (['N', 1, 1, 1] as const) : ([1, 1, 1, 1] as const)
  return layers.mask(`${name}.dropPath`, branch, { keep, scale: inTraining, shape })
}

/** Block size and share of the rate in the last two stages (arXiv:1810.12890, section 4.1, as timm sets them). */
const dropBlockStages = [
  { fromEnd: 2, size: 5, share: 0.25 },
  { fromEnd: 1, size: 3, share: 1 },
]

/** Squares of the map, dropped in training. */
export function dropBlock(
  layers: Layers,
  name: string,
  x: GraphValue,
  place: { readonly stage: number },
): GraphValue {
  const { dropBlock: config } = layers.config.regularisation
  const fromEnd = layers.config.stages.length - place.stage
  const stage = dropBlockStages.find((entry) => entry.fromEnd === fromEnd)
  if (config === null || !layers.training || stage === undefined) return x
  const { height, width } = imageShape(x.shape, name)
  const size = Math.min(stage.size, height, width)
  const valid = (height - size + 1) * (width - size + 1)
  const gamma = (stage.share * config.rate * height * width) / (size * size * valid)
  const { seed, imageIndex } = layers.random
  const mask = layers.graph.add(
    `${name}.dropBlock.mask`,
    dropBlockMask,
    { stream: layers.nextStream(), gamma, size, shape: ['N', 1, height, width] },
    [seed, imageIndex],
  )
  return layers.graph.add(`${name}.dropBlock`, multiply, {}, [x, mask])
}
