/** Every operation by name: the table that engines' kernel tables and the tests go through. */
import { adamw } from './adamw.ts'
import { add } from './add.ts'
import { averagePool, averagePoolGradient } from './average-pool.ts'
import { batchNorm, batchNormGradient } from './batch-norm.ts'
import { batchNormTraining, batchNormTrainingGradient } from './batch-norm-training.ts'
import { blurPool, blurPoolGradient } from './blur-pool.ts'
import { concat } from './concat.ts'
import { constant } from './constant.ts'
import { conv2d, conv2dInputGradient, conv2dWeightGradient } from './conv2d.ts'
import { dropBlockMask } from './drop-block-mask.ts'
import { globalAveragePool } from './global-average-pool.ts'
import { groupNorm, groupNormGradient } from './group-norm.ts'
import { lamb } from './lamb.ts'
import { lars } from './lars.ts'
import { linear } from './linear.ts'
import { matmul } from './matmul.ts'
import { maxPool, maxPoolGradient } from './max-pool.ts'
import { movingAverage } from './moving-average.ts'
import { multiply } from './multiply.ts'
import type { Operation } from './operation.ts'
import { randomMask } from './random-mask.ts'
import { relu, reluGradient } from './relu.ts'
import { relu6, relu6Gradient } from './relu6.ts'
import { reshape } from './reshape.ts'
import { scale } from './scale.ts'
import { sgd } from './sgd.ts'
import { sigmoid, sigmoidGradient } from './sigmoid.ts'
import { silu, siluGradient } from './silu.ts'
import { padChannels, slice } from './slice.ts'
import { softmax } from './softmax.ts'
import { softmaxCrossEntropy, softmaxCrossEntropyGradient } from './softmax-cross-entropy.ts'
import { squaredNorm } from './squared-norm.ts'
import { standardiseWeight, standardiseWeightGradient } from './standardise-weight.ts'
import { broadcastTo, sumTo } from './sum-to.ts'

const all: readonly Operation[] = [
  adamw,
  add,
  averagePool,
  averagePoolGradient,
  batchNorm,
  batchNormGradient,
  batchNormTraining,
  batchNormTrainingGradient,
  blurPool,
  blurPoolGradient,
  broadcastTo,
  concat,
  constant,
  conv2d,
  conv2dInputGradient,
  conv2dWeightGradient,
  dropBlockMask,
  globalAveragePool,
  groupNorm,
  groupNormGradient,
  lamb,
  lars,
  linear,
  matmul,
  maxPool,
  maxPoolGradient,
  movingAverage,
  multiply,
  padChannels,
  randomMask,
  relu,
  relu6,
  relu6Gradient,
  reluGradient,
  reshape,
  scale,
  sgd,
  sigmoid,
  sigmoidGradient,
  silu,
  siluGradient,
  slice,
  softmax,
  softmaxCrossEntropy,
  softmaxCrossEntropyGradient,
  squaredNorm,
  standardiseWeight,
  standardiseWeightGradient,
  sumTo,
]

export const operations: ReadonlyMap<string, Operation> = new Map(
  all.map((operation) => [operation.name, operation]),
)
