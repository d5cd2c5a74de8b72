import { describe, expect, test } from 'vitest'
import { generateStates } from '../../test/generator.ts'
import { readOnnx } from '../../test/onnx-file.ts'
import { buildResNet } from '../architecture/build.ts'
import { changed } from '../architecture/change.ts'
import { buildGradients } from '../architecture/gradients.ts'
import { config, variants } from '../architecture/variants.ts'
import { ExportError } from '../errors.ts'
import { GraphBuilder } from '../graph/builder.ts'
import { firstWeights } from '../inference/first-weights.ts'
import { relu } from '../ops/relu.ts'
import { standardiseWeight } from '../ops/standardise-weight.ts'
import { onnxOfModel, toOnnx } from './onnx.ts'

const small = (name: string) => buildResNet(changed(config(name), { input: [64, 64], classes: 10 }))

describe('an ONNX file', () => {
  const graph = small('resnet18')
  const tensors = generateStates(graph)
  const file = readOnnx(toOnnx(graph, tensors, { name: 'small', metadata: new Map([['key', 'värde']]) }))

  test('is of format 8 and opset 17, with the metadata it was given', () => {
    expect(file).toMatchObject({ irVersion: 8, opset: 17, name: 'small' })
    expect(file.metadata).toEqual(new Map([['key', 'värde']]))
  })

  test('takes any batch of images and answers logits', () => {
    expect(file.inputs).toEqual([['image', ['N', 3, 64, 64]]])
    expect(file.outputs).toEqual([['logits', ['N', 10]]])
  })

  test('holds every parameter and buffer as raw float32 under its own name', () => {
    const names = file.tensors.map(({ name }) => name)
    for (const [name, { shape }] of graph.states) {
      const tensor = file.tensors[names.indexOf(name)]
      expect(tensor).toMatchObject({ type: 1, dims: shape })
      const values = tensors.get(name) ?? new Float32Array()
      const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
      expect(Buffer.compare(tensor?.raw ?? new Uint8Array(), bytes), name).toBe(0)
    }
  })

  test('has nodes in order, each output once', () => {
    const known = new Set([...file.inputs.map(([name]) => name), ...file.tensors.map(({ name }) => name)])
    expect(known.size).toBe(1 + file.tensors.length)
    for (const { inputs, outputs } of file.nodes) {
      expect(inputs.filter((input) => !known.has(input))).toEqual([])
      expect(outputs.filter((output) => known.has(output))).toEqual([])
      for (const output of outputs) known.add(output)
    }
    expect(file.nodes.map(({ type }) => type)).toContain('MaxPool')
    expect(known).toContain('logits')
  })
})

describe('export', () => {
  test('has a form for every operation of every named network', () => {
    const missing = new Set<string>()
    for (const variant of variants()) {
      for (const { operation } of buildResNet(variant.config).nodes) {
        if (operation.onnx === undefined) missing.add(operation.name)
      }
    }
    // Both are computed when a network is written, since they read nothing but weights.
    expect([...missing].sort()).toEqual(['constant', 'standardiseWeight'])
  })

  test('writes standardised weights, not how they are standardised', () => {
    const graph = new GraphBuilder()
    const weight = graph.parameter('weight', [1, 2], { kind: 'constant', value: 0 })
    graph.input('image', ['N', 2])
    const standardised = graph.add('standardised', standardiseWeight, { epsilon: 0 }, [weight])
    graph.output('out', graph.add('active', relu, {}, [standardised]))
    const { nodes, tensors } = readOnnx(toOnnx(graph.build(), new Map([['weight', Float32Array.of(1, 3)]])))
    expect(nodes.map(({ type }) => type)).toEqual(['Identity'])
    expect(tensors.map(({ name }) => name)).toEqual(['active'])
    expect(new Float32Array(tensors[0]?.raw.slice().buffer ?? new ArrayBuffer(0))).toEqual(
      Float32Array.of(0, 1),
    )
  })

  test('says of a model what its own model file says', async () => {
    const model = await firstWeights('resnet20', 7)
    const { metadata, name } = readOnnx(onnxOfModel(model))
    expect(name).toBe('resnet20')
    expect(JSON.parse(metadata.get('config') ?? '')).toEqual(model.config)
    expect(JSON.parse(metadata.get('preprocessing') ?? '')).toEqual(model.preprocessing)
    expect(JSON.parse(metadata.get('labels') ?? '')).toEqual(model.labels)
  })

  test('names the node and the operation that ONNX has no form for', () => {
    const graph = buildGradients(changed(config('resnet20'), { 'stages.0.blocks': 1 }))
    const write = () => toOnnx(graph, generateStates(graph))
    expect(write).toThrow(ExportError)
    expect(write).toThrow(
      'bn1: the operation batchNormTraining has no ONNX form; only networks in inference mode are exported',
    )
  })

  test('names a tensor that is missing or has another size', () => {
    const graph = small('resnet18')
    const tensors = new Map(generateStates(graph))
    tensors.set('fc.bias', new Float32Array(3))
    expect(() => toOnnx(graph, tensors)).toThrow('fc.bias must have 10 numbers of shape [10], but it has 3')
    tensors.delete('fc.bias')
    expect(() => toOnnx(graph, tensors)).toThrow(
      'fc.bias must have 10 numbers of shape [10], but it is missing',
    )
  })

  test('refuses a network above 2 GB before it takes memory', () => {
    const graph = buildResNet(config('resnetv2_152x4_bit'))
    expect(() => toOnnx(graph, new Map(), { name: 'resnetv2_152x4_bit' })).toThrow(
      /^resnetv2_152x4_bit: takes 3\.\d GB, but an ONNX file with its tensors inside holds at most 2\.1; write \.safetensors$/,
    )
  })
})
