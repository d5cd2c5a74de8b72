/** What a profile tells: truth of its multiply-adds and bytes, kinds, and sums by kind. */
import { describe, expect, test } from 'vitest'
import { buildResNet } from '../architecture/build.ts'
import { buildTraining } from '../architecture/training.ts'
import { config } from '../architecture/variants.ts'
import { GraphBuilder } from '../graph/builder.ts'
import type { Graph } from '../graph/graph.ts'
import { initialise } from '../graph/initialise.ts'
import { concat } from '../ops/concat.ts'
import { relu } from '../ops/relu.ts'
import { bindBatch, elements } from '../ops/shape.ts'
import type { KernelTiming } from './engine.ts'
import { byKind, layersOf } from './layers.ts'
import { measurePeaks } from './peaks.ts'
import { referenceEngine } from './reference/reference.ts'
import { wasmEngine } from './wasm/wasm.ts'

const peaks = { gflops: 100, gigabytesPerSecond: 10 }

async function profileOf(
  graph: Graph,
  { batch = 1, precise = false, states = graph.states } = {},
): Promise<readonly KernelTiming[]> {
  const session = await wasmEngine.open(initialise({ states }, 0), { threads: 2, precise })
  try {
    await session.add('run', graph, { batch })
    const inputs = [...graph.inputs.values()].map(
      ({ name, shape }) => [name, new Float32Array(elements(bindBatch(shape, batch)))] as const,
    )
    return await session.profile('run', new Map(inputs))
  } finally {
    await session.dispose()
  }
}

/** Multiply-adds of all nodes for one image. */
function macsOf(graph: Graph): number {
  return graph.nodes.reduce((sum, { operation, inputs, outputs, attributes }) => {
    const shapes = (values: typeof inputs) => values.map(({ shape }) => shape)
    return sum + (operation.macs?.(shapes(inputs), shapes(outputs), attributes) ?? 0)
  }, 0)
}

/** The kernel that covers a node. */
function kernelOf(timings: readonly KernelTiming[], node: string): KernelTiming {
  const found = timings.filter(({ nodes }) => nodes.includes(node))
  expect(found).toHaveLength(1)
  return found[0] ?? { kernel: '', nodes: [], milliseconds: 0, macs: 0, bytes: 0 }
}

describe('a profile on the wasm engine', () => {
  const graph = buildResNet(config('resnet20'))

  test('covers every node and every multiply-add once', async () => {
    const timings = await profileOf(graph, { batch: 2 })
    // A reshape only reads the same place under another name.
    const computed = graph.nodes.filter(({ operation }) => operation.name !== 'reshape')
    expect(timings.flatMap(({ nodes }) => nodes).sort()).toEqual(computed.map(({ name }) => name).sort())
    expect(timings.reduce((sum, timing) => sum + timing.macs, 0)).toBe(2 * macsOf(graph))
    expect(timings.every(({ milliseconds, bytes }) => milliseconds > 0 && bytes > 0)).toBe(true)
  })

  test('counts maps once and weights as they are packed: 36 for 9 by Winograd', async () => {
    const map = 32 * 16 * 16 * 4
    const weights = 32 * 32 * 4
    const shorter = kernelOf(await profileOf(graph), 'layer2.1.conv2')
    expect(shorter.kernel).toBe('winogradTransform + winogradByFilters')
    // The input, the residual and the output; normalisation, sum and activation move nothing.
    expect(shorter.nodes).toHaveLength(4)
    expect(shorter.bytes).toBe(3 * map + 36 * weights)
    const direct = kernelOf(await profileOf(graph, { precise: true }), 'layer2.1.conv2')
    expect(direct.kernel).toBe('convolutionByPanels')
    expect(direct.bytes).toBe(3 * map + 9 * weights)
    expect(direct.macs).toBe(shorter.macs)
  })

  test('of a training step counts every multiply-add, gradients by the window of their convolution', async () => {
    const training = buildTraining(config('resnet20'))
    const timings = await profileOf(training.first, { batch: 2, states: training.states })
    expect(timings.reduce((sum, timing) => sum + timing.macs, 0)).toBe(2 * macsOf(training.first))
    const kinds = byKind(layersOf(training.first, [timings], peaks), peaks)
    // Of 19 convolutions two have stride 2, and one reads the image, which needs no gradient.
    expect(kinds.map(({ kind, layers }) => [kind, layers])).toEqual([
      ['3x3', 2 * 3 + 2],
      ['3x3-winograd', 16 * 3],
      ['other', 3],
      ['none', expect.any(Number)],
    ])
  })

  test('counts the copies of a concatenation as one, and the changes of layout', async () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', ['N', 8, 4, 4])
    const y = builder.one(concat, { axis: 1 }, [x, builder.one(relu, {}, [x])])
    builder.output('y', y)
    const timings = await profileOf(builder.build())
    const map = 8 * 4 * 4 * 4
    expect(timings.map(({ kernel, bytes }) => [kernel, bytes])).toEqual([
      ['fromPlanes', 2 * map],
      ['affine_relu', 2 * map],
      ['copyChannels', 4 * map],
      ['toPlanes', 4 * map],
    ])
  })
})

describe('layers', () => {
  const graph = buildResNet({ ...config('resnet50'), input: [32, 32] })
  const timing = (node: string, kernel: string, milliseconds: number, macs: number): KernelTiming => ({
    kernel,
    nodes: [node],
    milliseconds,
    macs,
    bytes: 1000,
  })
  const profile = (factor: number) => [
    timing('conv1', 'convolutionByPixels', factor, 2e6),
    timing('layer1.0.conv1', 'convolutionByPixels', 2 * factor, 6e6),
    timing('layer1.0.conv2', 'winogradByTiles', factor, 12e6),
    timing('layer2.0.conv2', 'convolutionByPixels', 4 * factor, 20e6),
    timing('maxpool', 'maxPool', 2 * factor, 0),
  ]

  test('have kind, rate and intensity, at the median of the profiles', () => {
    const layers = layersOf(graph, [profile(1), profile(5), profile(0.5)], peaks)
    expect(layers.map(({ kind }) => kind)).toEqual(['7x7', '1x1', '3x3-winograd', '3x3', 'none'])
    expect(layers[1]).toMatchObject({
      milliseconds: 2,
      gflops: 6,
      shareOfPeak: 0.06,
      flopsPerByte: 12_000,
    })
  })

  test('sum up by kind: equal multiply-adds are not equal time', () => {
    const sums = byKind(layersOf(graph, [profile(1)], peaks), peaks)
    expect(sums).toEqual([
      {
        kind: '1x1',
        layers: 1,
        milliseconds: 2,
        macs: 6e6,
        gflops: 6,
        shareOfPeak: 0.06,
        shareOfTime: 0.2,
        shareOfMacs: 0.15,
      },
      {
        kind: '3x3',
        layers: 1,
        milliseconds: 4,
        macs: 20e6,
        gflops: 10,
        shareOfPeak: 0.1,
        shareOfTime: 0.4,
        shareOfMacs: 0.5,
      },
      {
        kind: '3x3-winograd',
        layers: 1,
        milliseconds: 1,
        macs: 12e6,
        gflops: 24,
        shareOfPeak: 0.24,
        shareOfTime: 0.1,
        shareOfMacs: 0.3,
      },
      {
        kind: '7x7',
        layers: 1,
        milliseconds: 1,
        macs: 2e6,
        gflops: 4,
        shareOfPeak: 0.04,
        shareOfTime: 0.1,
        shareOfMacs: 0.05,
      },
      {
        kind: 'none',
        layers: 1,
        milliseconds: 2,
        macs: 0,
        gflops: 0,
        shareOfPeak: 0,
        shareOfTime: 0.2,
        shareOfMacs: 0,
      },
    ])
  })
})

test('every engine has measured peaks', async () => {
  const [fast, slow] = [await measurePeaks(wasmEngine, { threads: 1 }), await measurePeaks(referenceEngine)]
  for (const found of [fast, slow]) {
    expect(found.gflops).toBeGreaterThan(0)
    expect(found.gigabytesPerSecond).toBeGreaterThan(0)
  }
  // Vectors of four in single precision against one double at a time: not a matter of the hour.
  expect(fast.gflops).toBeGreaterThan(4 * slow.gflops)
})
