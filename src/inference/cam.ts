/**
 * Class activation maps (Zhou et al., arXiv:1512.04150, section 2): where in a picture a network sees a class. A head that
 * averages the last map over its cells and applies one linear classifier may as well classify each cell and average the
 * scores; the score of each cell is the map. The classifier's bias, the same for every cell, is left out.
 */
import { ArgumentError } from '../errors.ts'
import { GraphBuilder } from '../graph/builder.ts'
import { type Graph, type GraphValue, type Node, type StateValue, valueNamed } from '../graph/graph.ts'
import { select } from '../graph/select.ts'
import { averagePool } from '../ops/average-pool.ts'
import { conv2d } from '../ops/conv2d.ts'
import { globalAveragePool } from '../ops/global-average-pool.ts'
import { linear } from '../ops/linear.ts'
import { reshape } from '../ops/reshape.ts'
import { imageShape } from '../ops/shape.ts'
import type { Prediction } from './predictions.ts'

/** Where a network sees a class in a picture. */
export interface ActivationMap extends Prediction {
  /** Cells across and down: 7×7 for a ResNet at 224. */
  readonly width: number
  readonly height: number
  /**
   * How much each cell speaks for the class, row by row, from 0 to 1, which the strongest has. Cells that speak against
   * it are 0, as those that say nothing; where no cell speaks for it, all are 0.
   */
  readonly values: Float32Array
}

/** What a class activation map is computed from. */
export interface MapCut {
  /** The network with two outputs: `logits` and, under `lastMapName`, the map before the pool, `[N, C, H, W]`. */
  readonly graph: Graph
  /** The classifier's weights, `[classes, C]` or `[classes, C, 1, 1]`. */
  readonly weight: StateValue
  readonly width: number
  readonly height: number
}

/** Name of the output that is the last map before the pool. */
export const lastMapName = 'lastMap'

/**
 * Adds the last map to what a network answers.
 *
 * @throws ArgumentError for a head that is not a global average pool and one classifier.
 */
export function mapCutOf(graph: Graph): MapCut {
  const classifier = writerOf(valueNamed(graph, 'logits'))
  const [features, weight] = classifier?.inputs ?? []
  const pool = features === undefined ? undefined : writerOf(features)
  const [map] = pool?.inputs ?? []
  if (!isClassifier(classifier) || weight?.kind !== 'parameter' || !isGlobalPool(pool) || map === undefined) {
    throw new ArgumentError(
      'class activation maps need a network whose head is a global average pool and one classifier; this one has another',
    )
  }
  const builder = GraphBuilder.from(select(graph, ['logits']), { section: 'head' })
  builder.output(lastMapName, map)
  const { width, height } = imageShape(map.shape, lastMapName)
  return { graph: builder.build(), weight, width, height }
}

/** The node that computes a value; those that only give it another shape are looked through. */
function writerOf(value: GraphValue): Node | undefined {
  if (value.kind !== 'node') return undefined
  const [input] = value.node.inputs
  return value.node.operation === reshape && input !== undefined ? writerOf(input) : value.node
}

function isClassifier(node: Node | undefined): boolean {
  return node?.operation === linear || node?.operation === conv2d
}

/** A window that covers the whole map averages as the global pool does (Caffe's 7×7). */
function isGlobalPool(node: Node | undefined): boolean {
  if (node?.operation === globalAveragePool) return true
  const [output] = node?.outputs ?? []
  if (node?.operation !== averagePool || output === undefined) return false
  const { width, height } = imageShape(output.shape, node.name)
  return width === 1 && height === 1
}

/**
 * Equation 2 of the paper: the sum over the channels of a class's weights times the last map `[C, cells]`. Its mean over
 * the cells, and the classifier's bias, make the class's logit.
 */
export function evidenceFor(
  index: number,
  weights: Float32Array,
  map: Float32Array,
  cells: number,
): Float64Array {
  const channels = map.length / cells
  const evidence = new Float64Array(cells)
  for (let channel = 0; channel < channels; channel++) {
    const weight = weights[index * channels + channel] ?? 0
    for (let cell = 0; cell < cells; cell++)
      evidence[cell] = (evidence[cell] ?? 0) + weight * (map[channel * cells + cell] ?? 0)
  }
  return evidence
}

/** Cuts off what speaks against a class, and scales the rest so that its greatest is 1. */
export function shareOfGreatest(evidence: Float64Array): Float32Array {
  const greatest = evidence.reduce((a, b) => Math.max(a, b), 0)
  return Float32Array.from(evidence, (value) => (greatest === 0 ? 0 : Math.max(0, value) / greatest))
}
