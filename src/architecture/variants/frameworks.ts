/** The networks of the frameworks' own model zoos: Gluon, MXNet's symbols, Keras, TensorFlow's official and slim. */
import type { Changes } from '../change.ts'
import type { PreprocessingName } from '../preprocessing.ts'
import { deepStem, imagenetOfDepth, preactivation, type Variant } from './base.ts'

interface Family {
  readonly source: string
  readonly preprocessing: PreprocessingName
  readonly depths: readonly number[]
  /** Name and description of a depth. */
  readonly name: (depth: number) => string
  readonly description: string
  readonly changes: (depth: number) => Changes
}

function members(family: Family): readonly Variant[] {
  const { source, preprocessing, description } = family
  return family.depths.map((depth) => ({
    name: family.name(depth),
    description: `ResNet-${depth}, ${description}`,
    source,
    config: imagenetOfDepth(depth, family.changes(depth)),
    preprocessing,
  }))
}

const isBasic = (depth: number) => depth < 50
const bottlenecks = [50, 101, 152]
const all = [18, 34, ...bottlenecks]
const bare: Changes = { 'shortcut.normalised': false }
const averaged: Changes = { 'shortcut.pool': 'average' }

/** dmlc/gluon-cv; v1 puts biases into its 1×1 convolutions. */
const gluonKinds: readonly {
  kind: string
  depths: readonly number[]
  description: string
  changes: (depth: number) => Changes
}[] = [
  {
    kind: 'v1',
    depths: all,
    description: "Gluon's v1: stride in the first 1×1, biases in both 1×1",
    changes: (depth) =>
      isBasic(depth) ? {} : { 'block.strideAt': 'conv1', 'convolution.bias': ['conv1', 'conv3'] },
  },
  { kind: 'v1b', depths: all, description: "Gluon's v1b: stride in the 3×3 (= v1.5)", changes: () => ({}) },
  {
    kind: 'v1c',
    depths: bottlenecks,
    description: "Gluon's v1c: v1b with a deep stem",
    changes: () => deepStem(32, 32, 64),
  },
  {
    kind: 'v1d',
    depths: bottlenecks,
    description: "Gluon's v1d: v1c with an average before each strided projection",
    changes: () => ({ ...deepStem(32, 32, 64), ...averaged }),
  },
  {
    kind: 'v1e',
    depths: bottlenecks,
    description: "Gluon's v1e: v1d with a stem twice as wide",
    changes: () => ({ ...deepStem(64, 64, 128), ...averaged }),
  },
  {
    kind: 'v1s',
    depths: bottlenecks,
    description: "Gluon's v1s: v1b with a wide deep stem",
    changes: () => deepStem(64, 64, 128),
  },
  {
    kind: 'v2',
    depths: all,
    description: "Gluon's v2: pre-activation, the image normalised by statistics alone",
    changes: () => ({ ...preactivation, ...bare, 'stem.inputNormalisation': 'statistics' }),
  },
]

const gluon = gluonKinds.flatMap(({ kind, depths, description, changes }) =>
  members({
    source: 'dmlc/gluon-cv',
    preprocessing: 'torch-imagenet',
    depths,
    name: (depth) => `gluon_resnet${depth}_${kind}`,
    description,
    changes,
  }),
)

const mxnet = members({
  source: 'apache/mxnet example/image-classification/symbols/resnet.py',
  preprocessing: 'raw-imagenet',
  depths: [18, 34, 50, 101, 152, 200, 269],
  name: (depth) => `mxnet_resnet${depth}_v2`,
  description: "MXNet's symbol: pre-activation, `bn_data`, a projection in every stage, epsilon 2e-5",
  changes: () => ({
    ...preactivation,
    ...bare,
    'shortcut.where': 'stage-start',
    'stem.inputNormalisation': 'statistics-and-shift',
    'normalisation.epsilon': 2e-5,
  }),
})

const kerasFirst: Changes = {
  'block.strideAt': 'conv1',
  'convolution.bias': ['stem', 'conv1', 'conv2', 'conv3', 'shortcut'],
  'stem.pool.padding': 'zeros',
  'normalisation.momentum': 0.01,
}

const keras: readonly Variant[] = [
  ...members({
    source: 'keras-team/keras applications/resnet.py',
    preprocessing: 'caffe-imagenet',
    depths: bottlenecks,
    name: (depth) => `keras_resnet${depth}`,
    description: "Keras' v1: stride in the first 1×1, biases everywhere, epsilon 1.001e-5",
    changes: () => ({ ...kerasFirst, 'normalisation.epsilon': 1.001e-5 }),
  }),
  ...members({
    source: 'keras-team/keras-applications resnet50.py',
    preprocessing: 'caffe-imagenet',
    depths: [50],
    name: (depth) => `keras_resnet${depth}_old`,
    description: "Keras' first v1 (its weights are of 2015): as keras_resnet50, with epsilon 1e-3",
    changes: () => ({ ...kerasFirst, 'normalisation.epsilon': 1e-3 }),
  }),
  ...members({
    source: 'keras-team/keras applications/resnet_v2.py',
    preprocessing: 'keras-v2',
    depths: bottlenecks,
    name: (depth) => `keras_resnet${depth}v2`,
    description: "Keras' v2: pre-activation, stride in the last block of a stage, a pool padded by zeros",
    changes: () => ({
      ...preactivation,
      ...bare,
      'block.strideAt': 'last-block',
      'shortcut.where': 'stage-start',
      'stem.activated': false,
      'stem.pool.padding': 'zeros',
      'convolution.bias': ['stem', 'conv3', 'shortcut'],
      'normalisation.epsilon': 1.001e-5,
      'normalisation.momentum': 0.01,
    }),
  }),
]

const official: Changes = {
  'stem.pool.padding': 'same',
  'shortcut.where': 'stage-start',
  'normalisation.momentum': 0.003,
  classes: 1001,
  'head.backgroundClass': true,
}

const slim: Changes = {
  'stem.pool.padding': 'same',
  'block.strideAt': 'last-block',
  'normalisation.momentum': 0.003,
}

const tensorflow: readonly Variant[] = [
  ...members({
    source: 'tensorflow/models official/r1/resnet',
    preprocessing: 'tensorflow-imagenet',
    depths: [...all, 200],
    name: (depth) => `tf_resnet${depth}_v1`,
    description:
      "TensorFlow's official v1 (which is v1.5): SAME pool, a projection in every stage, 1001 classes",
    changes: () => official,
  }),
  ...members({
    source: 'tensorflow/models official/r1/resnet',
    preprocessing: 'tensorflow-imagenet',
    depths: [...all, 200],
    name: (depth) => `tf_resnet${depth}_v2`,
    description: "TensorFlow's official v2: pre-activation, SAME pool before any activation, 1001 classes",
    changes: () => ({ ...official, ...preactivation, ...bare, 'stem.activated': false }),
  }),
  ...members({
    source: 'tensorflow/models research/slim',
    preprocessing: 'tensorflow-imagenet',
    depths: [...bottlenecks, 200],
    name: (depth) => `slim_resnet${depth}_v1`,
    description: "TF-slim's v1: stride in the last block of a stage, SAME pool",
    changes: () => slim,
  }),
  ...members({
    source: 'tensorflow/models research/slim',
    preprocessing: 'keras-v2',
    depths: [...bottlenecks, 200],
    name: (depth) => `slim_resnet${depth}_v2`,
    description: "TF-slim's v2: pre-activation, stride in the last block of a stage, 1001 classes",
    changes: () => ({
      ...slim,
      ...preactivation,
      ...bare,
      input: [299, 299],
      'stem.activated': false,
      'convolution.bias': ['stem', 'conv3', 'shortcut'],
      classes: 1001,
      'head.backgroundClass': true,
    }),
  }),
]

/** The article's words for the depths that Gluon publishes no weights of. */
const small = gluonKinds
  .filter(({ kind }) => ['v1c', 'v1e', 'v1s'].includes(kind))
  .flatMap(({ kind, description, changes }) =>
    members({
      source: 'arXiv:1812.01187',
      preprocessing: 'torch-imagenet',
      depths: [18, 34],
      name: (depth) => `resnet${depth}_${kind}`,
      description: description.replace("Gluon's ", ''),
      changes,
    }),
  )

export const frameworkVariants: readonly Variant[] = [...gluon, ...small, ...mxnet, ...keras, ...tensorflow]
