/** Which kernels an operation becomes, and what they take along: the engine's table of operations. */
import { EngineError } from '../../errors.ts'
import type { Node } from '../../graph/graph.ts'
import { isDepthwise } from './algorithms.ts'
import type { Chain } from './chains.ts'
import { convolutionActivations } from './convolution-parameters.ts'
import { isMap } from './layout.ts'
import { lowerBlurPool, lowerBlurPoolGradient } from './lower-blur-pool.ts'
import { lowerBroadcastTo, lowerMean, lowerMultiply, lowerSumTo } from './lower-broadcasting.ts'
import { lowerConvolution, lowerLinear } from './lower-convolution.ts'
import {
  lowerDepthwise,
  lowerDepthwiseInputGradient,
  lowerDepthwiseWeightGradient,
} from './lower-depthwise.ts'
import { lowerGroupNorm, lowerGroupNormGradient } from './lower-group-norm.ts'
import { lowerInputGradient } from './lower-input-gradient.ts'
import {
  lowerBatchNormGradient,
  lowerBatchNormTraining,
  lowerBatchNormTrainingGradient,
} from './lower-normalisation.ts'
import {
  lowerAdamW,
  lowerLamb,
  lowerLars,
  lowerMovingAverage,
  lowerSgd,
  lowerSquaredNorm,
} from './lower-optimiser.ts'
import {
  lowerActivation,
  lowerAdd,
  lowerBatchNorm,
  lowerConcat,
  lowerPadChannels,
  lowerPool,
  lowerScale,
  lowerSlice,
} from './lower-rows.ts'
import { lowerStandardiseWeight } from './lower-standardise.ts'
import {
  lowerActivationGradient,
  lowerCrossEntropy,
  lowerCrossEntropyGradient,
  lowerMatmul,
  lowerPoolGradient,
} from './lower-training.ts'
import {
  lowerReshape,
  lowerSoftmax,
  lowerVectorConvolution,
  lowerVectorInputGradient,
  lowerVectorWeightGradient,
} from './lower-vectors.ts'
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
  ['groupNormGradient', alone(lowerGroupNormGradient)],
  ['standardiseWeight', alone(lowerStandardiseWeight)],
  ['standardiseWeightGradient', alone(lowerStandardiseWeight)],
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
  ['blurPoolGradient', alone(lowerBlurPoolGradient)],
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
  ['lars', alone(lowerLars)],
  ['adamw', alone(lowerAdamW)],
  ['lamb', alone(lowerLamb)],
  ['movingAverage', alone(lowerMovingAverage)],
])

/** What convolutions and their gradients become where each channel is filtered by itself. */
const depthwiseRules: ReadonlyMap<string, Rule> = new Map([
  ['conv2d', { absorb: ['normalisation'], activated: convolutionActivations, lower: lowerDepthwise }],
  ['conv2dInputGradient', alone(lowerDepthwiseInputGradient)],
  ['conv2dWeightGradient', alone(lowerDepthwiseWeightGradient)],
])

/** What they become over vectors. */
const vectorRules: ReadonlyMap<string, Rule> = new Map([
  ['conv2d', alone(lowerVectorConvolution)],
  ['conv2dInputGradient', alone(lowerVectorInputGradient)],
  ['conv2dWeightGradient', alone(lowerVectorWeightGradient)],
])

/** @throws EngineError for an operation that the engine lacks, naming the node. */
export function ruleOf(node: Node): Rule {
  const { name } = node.operation
  const rule = tableFor(node).get(name)
  if (rule === undefined) throw new EngineError(`${node.name}: the wasm engine has no kernel for ${name} yet`)
  return rule
}

function tableFor(node: Node): ReadonlyMap<string, Rule> {
  const [x] = node.inputs
  if (x === undefined || !vectorRules.has(node.operation.name)) return rules
  if (!isMap(x.shape)) return vectorRules
  return isDepthwise(node) ? depthwiseRules : rules
}
