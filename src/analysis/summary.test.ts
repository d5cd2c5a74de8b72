import { describe, expect, test } from 'vitest'
import { buildResNet } from '../architecture/build.ts'
import { config } from '../architecture/variants.ts'
import { GraphBuilder } from '../graph/builder.ts'
import type { Graph } from '../graph/graph.ts'
import { conv2d } from '../ops/conv2d.ts'
import { relu } from '../ops/relu.ts'
import { pad } from '../ops/window.ts'
import { inferenceMemory, trainingMemory } from './memory.ts'
import { overview } from './overview.ts'
import { summarise, totalsOf } from './summary.ts'

const summaryOf = (name: string) => summarise(buildResNet(config(name)))

describe('summarise', () => {
  test('sections and layers add up to the totals', () => {
    for (const name of [
      'resnet50',
      'seresnet50',
      'ecaresnet50d',
      'resnetv2_50x1_bit',
      'densenet121',
      'skresnet18',
    ]) {
      const graph = buildResNet(config(name))
      const { layers, sections } = summarise(graph)
      const totals = totalsOf(graph)
      for (const key of ['parameters', 'macs', 'activations'] as const) {
        const sum = (parts: readonly { readonly [K in typeof key]: number }[]) =>
          parts.reduce((total, part) => total + part[key], 0)
        expect(sum(layers), `${name} layers`).toBe(totals[key])
        expect(sum(sections), `${name} sections`).toBe(totals[key])
        expect(sum(overview(graph, summarise(graph))), `${name} overview`).toBe(totals[key])
      }
    }
  })

  test('a layer is described by its shapes, costs and field of view', () => {
    const layer = summaryOf('resnet50').layers.find(({ name }) => name === 'layer2.0.conv2')
    expect(layer).toEqual({
      name: 'layer2.0.conv2',
      op: 'conv2d',
      inputShape: ['N', 128, 56, 56],
      outputShape: ['N', 128, 28, 28],
      parameters: 147_456,
      macs: 115_605_504,
      activations: 100_352,
      receptiveField: 43,
      stride: 2,
      kernel: [3, 3],
      dilation: 1,
      groups: 1,
      jump: 8,
      part: { section: 'stage 2', block: 0, path: 'branch' },
    })
  })

  // Values of Araujo, Norris, Sim (2019), table 1, which counts the networks with the stride in the first 1×1.
  test.each([
    ['resnet50_v1', 483],
    ['resnet101_v1', 1027],
    ['resnet152_v1', 1507],
  ])('%s sees %i pixels before its head', (name, pixels) => {
    const stage = summaryOf(name).sections.find((section) => section.name === 'stage 4')
    expect(stage?.receptiveField).toBe(pixels)
  })

  test('attention sees the whole image', () => {
    const [first] = summaryOf('seresnet50').sections[1]?.blocks ?? []
    expect(first?.receptiveField).toBeGreaterThanOrEqual(224)
  })

  test('blocks carry the stable names of their outputs', () => {
    const names = (name: string) =>
      summaryOf(name).sections.flatMap(({ blocks }) => blocks.map((block) => block.name))
    expect(names('resnet18').at(-1)).toBe('layer4.1')
    expect(names('resnetv2_50')[3]).toBe('stages.1.blocks.0')
  })
})

/** image -> convolution -> ReLU -> convolution, on maps of 4×4 cells. */
function smallGraph(): Graph {
  const builder = new GraphBuilder()
  const attributes = { stride: [1, 1], dilation: [1, 1], padding: pad(0), groups: 1 } as const
  const weight = (name: string, shape: readonly number[]) =>
    builder.parameter(name, shape, { kind: 'constant', value: 1 })
  const image = builder.input('image', ['N', 1, 4, 4])
  const a = builder.add('a', conv2d, attributes, [image, weight('a.weight', [8, 1, 1, 1])])
  const b = builder.add('b', relu, {}, [a])
  builder.output('c', builder.add('c', conv2d, attributes, [b, weight('c.weight', [2, 8, 1, 1])]))
  return builder.build()
}

describe('memory', () => {
  test('inference needs what later nodes still read, and what is being written', () => {
    // The peak is at the ReLU: 8 maps read and 8 written.
    expect(inferenceMemory(smallGraph())).toBe((8 + 8) * 16 * 4)
  })

  test('training keeps what gradients read, each value once', () => {
    // The image for the first weight, the ReLU's input for its own rule, its output for the second weight.
    expect(trainingMemory(smallGraph())).toBe((1 + 8 + 8) * 16 * 4)
  })

  test('training a deeper network keeps more, inference does not need more', () => {
    const [shallow, deep] = [summaryOf('resnet20'), summaryOf('resnet110')]
    expect(deep.memory.training).toBeGreaterThan(4 * shallow.memory.training)
    expect(deep.memory.inference).toBe(shallow.memory.inference)
  })
})
