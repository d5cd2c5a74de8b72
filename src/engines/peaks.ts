/**
 * What a machine can do at most by an engine's own kernels: the roof of the roofline model (Williams, Waterman and
 * Patterson, 2009).
 */
import { GraphBuilder } from '../graph/builder.ts'
import type { Graph } from '../graph/graph.ts'
import { add } from '../ops/add.ts'
import { conv2d } from '../ops/conv2d.ts'
import { bindBatch, elements } from '../ops/shape.ts'
import { pad } from '../ops/window.ts'
import type { Engine, EngineOptions, KernelTiming, TensorMap } from './engine.ts'

/** Measured on the threads that a session computes on. */
export interface Peaks {
  /** Billions of multiplications and additions a second, on operands that stay in the first-level cache. */
  readonly gflops: number
  /** Billions of bytes a second, to and from memory. */
  readonly gigabytesPerSecond: number
}

/** How long each of the two is tried, at least twice. */
const budgetMs = 400

/**
 * Measures an engine's peaks in about a second, by the best of several short runs: a convolution whose windows and filters
 * stay in the first-level cache and are used over and over, and a sum of maps that no cache holds.
 */
export async function measurePeaks(engine: Engine, options: EngineOptions = {}): Promise<Peaks> {
  const product = await best(engine, options, productGraph(), 8)
  const sum = await best(engine, options, sumGraph(), 256)
  return {
    gflops: (2 * product.macs) / product.milliseconds / 1e6,
    gigabytesPerSecond: sum.bytes / sum.milliseconds / 1e6,
  }
}

/** 16 filters of 7×7 over 8 channels: 25 kB of weights, rows of 2 kB, and 392 multiply-adds for each output. */
function productGraph(): Graph {
  const builder = new GraphBuilder()
  const attributes = { stride: [1, 1], dilation: [1, 1], padding: pad(0), groups: 1 } as const
  const weight = builder.parameter('weight', [16, 8, 7, 7], { kind: 'constant', value: 1 })
  const x = builder.input('x', ['N', 8, 262, 54])
  builder.output('y', builder.add('product', conv2d, attributes, [x, weight]))
  return builder.build()
}

/** Three maps of 32 MB at a batch of 256. */
function sumGraph(): Graph {
  const builder = new GraphBuilder()
  const [a, b] = [builder.input('a', ['N', 32_768]), builder.input('b', ['N', 32_768])]
  builder.output('y', builder.add('sum', add, {}, [a, b]))
  return builder.build()
}

/** The fastest of several runs of a graph's one node. */
async function best(
  engine: Engine,
  options: EngineOptions,
  graph: Graph,
  batch: number,
): Promise<KernelTiming> {
  const filled = (values: Graph['inputs'] | Graph['states']): TensorMap =>
    new Map(
      [...values].map(([name, { shape }]) => [
        name,
        new Float32Array(elements(bindBatch(shape, batch))).fill(1),
      ]),
    )
  const session = await engine.open(filled(graph.states), options)
  try {
    await session.add('peak', graph, { batch })
    const inputs = filled(graph.inputs)
    const timings: KernelTiming[] = []
    const end = performance.now() + budgetMs
    for (let run = 0; run < 2 || performance.now() < end; run++)
      timings.push(...(await session.profile('peak', inputs)))
    return timings
      .filter(({ nodes }) => nodes.length > 0)
      .reduce((fastest, timing) => (timing.milliseconds < fastest.milliseconds ? timing : fastest))
  } finally {
    await session.dispose()
  }
}
