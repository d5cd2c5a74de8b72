/** Our ONNX files run by ONNX Runtime: the logits are the reference engine's. */
import { describe, expect, it } from 'vitest'
import { buildResNet } from '../src/architecture/build.ts'
import { changed } from '../src/architecture/change.ts'
import { config } from '../src/architecture/variants.ts'
import { onnxruntime } from '../src/engines/onnxruntime/onnxruntime.ts'
import { referenceEngine } from '../src/engines/reference/reference.ts'
import { generateInput, generateStates } from './generator.ts'
import { relativeDifference, runOnce } from './network.ts'
import { onnxRuntime } from './onnxruntime.ts'

type Changes = Readonly<Record<string, unknown>>

/** Two blocks in each stage: depth adds time, no form. */
const three: Changes = { 'stages.0.blocks': 2, 'stages.1.blocks': 2, 'stages.2.blocks': 2 }
const four: Changes = { ...three, 'stages.3.blocks': 2 }

/** One network for each form that operations take in ONNX. */
const networks: readonly (readonly [what: string, name: string, set: Changes, gain: number])[] = [
  ['basic blocks', 'resnet18', { input: [49, 67] }, 1],
  ['bottlenecks', 'resnet50', { ...four, input: [64, 64] }, 1],
  ['grouped convolutions', 'resnext50_32x4d', { ...four, input: [33, 49] }, 1],
  ['dilation', 'resnet50', { ...four, input: [33, 49], outputStride: 8 }, 1],
  ['deep stem and pooled shortcuts', 'resnet50d', { ...four, input: [49, 67] }, 1],
  ['squeeze and excitation', 'seresnet50t', { ...four, input: [64, 64] }, 1],
  ['efficient channel attention', 'ecaresnet26t', { input: [64, 64] }, 1],
  ['selective kernels', 'skresnet18', { input: [33, 47] }, 1],
  ['blur with reflection', 'resnetblur18', { input: [49, 67] }, 1],
  ['antialiasing by averages', 'seresnetaa50d', { ...four, input: [33, 65] }, 1],
  ['pre-activation', 'preact_resnet18', { input: [64, 64] }, 1],
  [
    'group normalisation and standardised weights (BiT)',
    'resnetv2_50x1_bit',
    { ...four, input: [64, 64] },
    1,
  ],
  ['group normalisation', 'resnet50_gn', { ...four, input: [64, 64] }, 1],
  ['pools padded with zeros (Keras v2)', 'keras_resnet50v2', { ...four, input: [49, 67] }, 1],
  ['pools in ceil mode (Caffe)', 'resnet50_caffe', { ...four, input: [65, 65], 'head.pool.size': 2 }, 1],
  ['padding of the SAME kind', 'tf_resnet50_v1', { ...four, input: [49, 67] }, 1],
  ['normalised images', 'mxnet_resnet18_v2', { input: [64, 64] }, 1],
  ['option A', 'cifar_resnet20', {}, 1],
  ['option A with zeros on both sides', 'resnet20', { 'shortcut.zeros': 'both', input: [31, 33] }, 1],
  ['exclusive gates', 'cifar_resnet110_exclusive_gating', three, 1.4],
  ['scaled shortcuts', 'cifar_resnet110_constant_scaling', three, 1.7],
  ['stochastic depth in inference', 'cifar_resnet110_stochastic_depth', three, 1],
  ['dense concatenation', 'densenet121', { ...four, input: [64, 64] }, 1],
  ['inverted bottlenecks', 'mobilenetv2_100', { input: [49, 67] }, 1],
  ['SiLU', 'resnet18', { input: [64, 64], activation: 'silu' }, 1],
  ['grey images', 'resnet18', { input: [64, 64], inputChannels: 1 }, 1],
]

describe.skipIf(onnxRuntime === undefined)('ONNX Runtime on our files (npm install in bench/)', () => {
  const engine = onnxruntime(onnxRuntime === undefined ? {} : { runtime: onnxRuntime })

  it.each(networks)('answers the reference logits: %s', async (_what, name, set, gain) => {
    const graph = buildResNet(changed(config(name), { ...set, classes: 10 }))
    const [, ...size] = graph.inputs.get('image')?.shape ?? []
    const batch = 2
    const image = generateInput([batch, ...size.map(Number)])
    const options = { batch, states: generateStates(graph, gain), inputs: new Map([['image', image]]) }
    const expected = await runOnce(referenceEngine, graph, options)
    const { outputs } = await runOnce(engine, graph, options)
    const logits = expected.outputs.get('logits') ?? new Float32Array()
    expect(logits).toHaveLength(batch * 10)
    expect(relativeDifference(outputs.get('logits') ?? [], [...logits])).toBeLessThan(1e-4)
  })
})
