/**
 * Whether kernels compute what plain arithmetic does, on small fresh random numbers: every size of the tiles that products are
 * made of, forward and for gradients of weights, and Winograd's way. It runs where compilers are not to be relied on.
 */
import { GraphBuilder } from '../../graph/builder.ts'
import type { Graph } from '../../graph/graph.ts'
import { add } from '../../ops/add.ts'
import { type ConvolutionAttributes, conv2d, conv2dWeightGradient } from '../../ops/conv2d.ts'
import { relu } from '../../ops/relu.ts'
import { bindBatch, elements } from '../../ops/shape.ts'
import { pad } from '../../ops/window.ts'
import type { Session, TensorMap } from '../engine.ts'
import { referenceEngine } from '../reference/reference.ts'

/** Rows of the largest tile. */
const rows = 6
/** More filters than a panel has, and not a multiple. */
const filters = 24
const tolerance = 1e-4
const plain: ConvolutionAttributes = { stride: [1, 1], dilation: [1, 1], padding: pad(0), groups: 1 }

function testGraph(): Graph {
  const builder = new GraphBuilder()
  const weight = (name: string, channels: number, height: number, width: number) =>
    builder.parameter(name, [filters, channels, height, width], { kind: 'constant', value: 0 })
  // Windows of 1 to 6 pixels leave 6 to 1 outputs of a row of 6; the gradient of their weights has as many rows.
  const row = builder.input('row', ['N', 7, 1, rows])
  for (let width = 1; width <= rows; width++) {
    const kernel = weight(`row ${width}`, 7, 1, width)
    const y = builder.one(conv2d, plain, [row, kernel])
    builder.output(`row ${width}`, y)
    const narrow = builder.input(`narrow ${width}`, ['N', width, 5, 5])
    const dy = builder.input(`dy ${width}`, ['N', filters, 5, 5])
    const attributes = { ...plain, weightShape: [filters, width, 1, 1] }
    builder.output(`gradient ${width}`, builder.one(conv2dWeightGradient, attributes, [narrow, dy]))
  }
  const square = { ...plain, padding: pad(1) }
  const map = builder.input('map', ['N', filters, 9, 7])
  const y = builder.one(conv2d, square, [map, weight('square', filters, 3, 3)])
  builder.output('winograd', builder.one(relu, {}, [builder.one(add, {}, [y, map])]))
  const weightShape = [filters, filters, 3, 3]
  builder.output('winograd gradient', builder.one(conv2dWeightGradient, { ...square, weightShape }, [map, y]))
  return builder.build()
}

const random = (count: number) => new Float32Array(count).map(() => 2 * Math.random() - 1)

/** Opens a session on the kernels in question, runs them, and lets go of it. */
export async function computesRight(open: (state: TensorMap) => Promise<Session>): Promise<boolean> {
  const graph = testGraph()
  const filled = (values: Graph['inputs'] | Graph['states']): TensorMap =>
    new Map([...values.values()].map(({ name, shape }) => [name, random(elements(bindBatch(shape, 1)))]))
  const [state, inputs] = [filled(graph.states), filled(graph.inputs)]
  const answerOf = async (session: Session) => {
    try {
      await session.add('test', graph, { batch: 1 })
      return await session.run('test', inputs)
    } finally {
      await session.dispose()
    }
  }
  const expected = await answerOf(await referenceEngine.open(state))
  try {
    const answer = await answerOf(await open(state))
    return [...expected].every(([name, values]) => agrees(values, answer.get(name)))
  } catch {
    // A trap is a wrong answer too.
    return false
  }
}

function agrees(expected: Float32Array, values: Float32Array | undefined): boolean {
  const greatest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  return expected.every((value, i) => Math.abs(value - (values?.[i] ?? Number.NaN)) <= tolerance * greatest)
}
