/** The table that chooses algorithms says what the engine then runs. */
import { expect, test } from 'vitest'
import { buildResNet } from '../../architecture/build.ts'
import { config } from '../../architecture/variants.ts'
import { initialise } from '../../graph/initialise.ts'
import { bindBatch, elements } from '../../ops/shape.ts'
import { algorithmsOf } from './algorithms.ts'
import { wasmEngine } from './wasm.ts'

test.each([
  ['resnet20', false],
  ['resnet20', true],
  ['mobilenetv2_050', false],
] as const)('every convolution of %s runs as announced (precise: %s)', async (name, precise) => {
  const graph = buildResNet(config(name))
  const session = await wasmEngine.open(initialise(graph, 0), { threads: 2, precise })
  await session.add('run', graph, { batch: 1 })
  const size = elements(bindBatch(graph.inputs.get('image')?.shape ?? [], 1))
  const timings = await session.profile('run', new Map([['image', new Float32Array(size)]]))
  await session.dispose()
  const kernelOf = (node: string) => timings.find(({ nodes }) => nodes.includes(node))?.kernel ?? ''
  const kernels = { direct: /^convolutionBy/, depthwise: /^depthwise$/, winograd: /^winograd/ }
  const layers = algorithmsOf(graph, { precise })
  expect(layers).toHaveLength(graph.nodes.filter(({ operation }) => operation.name === 'conv2d').length)
  for (const { name: layer, algorithm } of layers) expect(kernelOf(layer), layer).toMatch(kernels[algorithm])
  expect(new Set(layers.map(({ algorithm }) => algorithm)).size).toBe(precise ? 1 : 2)
})

test('a layer that Winograd cannot take says what it lacks', () => {
  const lacks = (name: string, layer: string) =>
    algorithmsOf(buildResNet(config(name))).find((found) => found.name === layer)?.lacks
  expect(lacks('resnet50', 'layer2.0.conv2')).toBe('stride 1')
  expect(lacks('resnet20', 'conv1')).toBe('16 channels or more, by 8')
  expect(lacks('resnext50_32x4d', 'layer1.0.conv2')).toBe('one group')
  expect(lacks('resnet50', 'layer4.2.conv2')).toBeUndefined()
})
