/** Which kernels an operation becomes, and what they take along: the engine's table of operations. */
import { EngineError } from '../../errors.ts'
import type { Node } from '../../graph/graph.ts'
import type { Chain } from './chains.ts'
import { convolutionActivations } from './convolution-parameters.ts'
import { isMap } from './layout.ts'
import { lowerConvolution, lowerLinear } from './lower-convolution.ts'
import { lowerInputGradient } from './lower-input-gradient.ts'
import {
  lowerBatchNormGradient,
  lowerBatchNormTraining,
  lowerBatchNormTrainingGradient,
} from './lower-normalisation.ts'
import {
  lowerActivation,
  lowerAdd,
  lowerBatchNorm,
  lowerBlurPool,
  lowerConcat,
  lowerGroupNorm,
  lowerMean,
  lowerMultiply,
  lowerPadChannels,
  lowerPool,
  lowerReshape,
  lowerScale,
  lowerSlice,
  lowerSoftmax,
  lowerVectorConvolution,
} from './lower-rows.ts'
import {
  lowerActivationGradient,
  lowerBroadcastTo,
  lowerCrossEntropy,
  lowerCrossEntropyGradient,
  lowerMatmul,
  lowerPoolGradient,
  lowerSgd,
  lowerSquaredNorm,
  lowerSumTo,
} from './lower-training.ts'
import { lowerWeightGradient } from './lower-weight-gradient.ts'
import type { Lowering } from './lowering.ts'

export interface Rule {
  /** Operations behind the node that its kernel takes along. */
  readonly absorb: readonly ('normalisation' | 'sum')[]
  readonly activated: readonly string[]
  readonly lower: (lowering: Lowering, chain: Chain) => void
}

const alone = (lower: Rule['lower']): Rule => ({ absorb: [], activated: [], lower })
const withAnyActivation = (lower: Rule['lower']): Rule => ({
  absorb: [],
  activated: ['relu', 'relu6', 'silu', 'sigmoid'],
  lower,
})
const cutOff = ['relu', 'relu6']
const activations = ['relu', 'relu6', 'silu', 'sigmoid']

const rules: ReadonlyMap<string, Rule> = new Map([
  [
    'conv2d',
    { absorb: ['normalisation', 'sum'], activated: convolutionActivations, lower: lowerConvolution },
  ],
  ['conv2dInputGradient', { absorb: ['sum'], activated: [], lower: lowerInputGradient }],
  ['conv2dWeightGradient', alone(lowerWeightGradient)],
  ['linear', alone(lowerLinear)],
  ['matmul', alone(lowerMatmul)],
  ['batchNorm', withAnyActivation(lowerBatchNorm)],
  ['batchNormGradient', alone(lowerBatchNormGradient)],
  ['batchNormTraining', { absorb: ['sum'], activated: cutOff, lower: lowerBatchNormTraining }],
  [
    'batchNormTrainingGradient',
    alone((lowering, { root }) => lowerBatchNormTrainingGradient(lowering, root, undefined)),
  ],
  ['groupNorm', withAnyActivation(lowerGroupNorm)],
  ['add', { absorb: [], activated: ['relu'], lower: lowerAdd }],
  ['multiply', alone(lowerMultiply)],
  ['scale', alone(lowerScale)],
  ...activations.map((name): [string, Rule] => [name, alone(lowerActivation)]),
  ...activations.map((name): [string, Rule] => [`${name}Gradient`, alone(lowerActivationGradient)]),
  ['maxPool', alone(lowerPool)],
  ['averagePool', alone(lowerPool)],
  ['maxPoolGradient', alone(lowerPoolGradient)],
  ['averagePoolGradient', alone(lowerPoolGradient)],
  ['globalAveragePool', alone(lowerMean)],
  ['blurPool', alone(lowerBlurPool)],
  ['concat', alone(lowerConcat)],
  ['slice', alone(lowerSlice)],
  ['padChannels', alone(lowerPadChannels)],
  ['softmax', alone(lowerSoftmax)],
  ['reshape', alone(lowerReshape)],
  ['sumTo', alone(lowerSumTo)],
  ['broadcastTo', alone(lowerBroadcastTo)],
  ['softmaxCrossEntropy', alone(lowerCrossEntropy)],
  ['softmaxCrossEntropyGradient', alone(lowerCrossEntropyGradient)],
  ['squaredNorm', alone(lowerSquaredNorm)],
  ['sgd', alone(lowerSgd)],
])

/** @throws EngineError for an operation that the engine lacks, naming the node. */
export function ruleOf(node: Node): Rule {
  const rule = rules.get(node.operation.name)
  if (rule === undefined)
    throw new EngineError(`${node.name}: the wasm engine has no kernel for ${node.operation.name} yet`)
  if (node.operation.name !== 'conv2d') return rule
  const [x, weight] = node.inputs
  if (x !== undefined && !isMap(x.shape)) return alone(lowerVectorConvolution)
  const depthwise = weight?.shape[1] === 1 && weight.shape[0] !== 1 && weight.shape[0] === x?.shape[1]
  return depthwise ? { ...rule, absorb: ['normalisation'] } : rule
}
