/**
 * The public names of the package: the same in Node and in browsers. Everything else is internal.
 */

// Networks: configs, names, graphs.

/** Builds a network's graph from its config. */
export { buildResNet } from './architecture/build.ts'
/** Changes fields of a config by their dotted keys: `changed(config('resnet50'), { 'stem.kind': '3x3' })`. */
export { type Changes, changed } from './architecture/change.ts'
/** What a network is, as one JSON value; `parseConfig` reads one from outside. */
export { parseConfig, type ResNetConfig } from './architecture/config.ts'
/** How a graph is built: for inference or training, with frozen sections. */
export type { BuildOptions } from './architecture/layers.ts'
/** What pictures go through before a network sees them, and the published ways by name. */
export {
  type Preprocessing,
  type PreprocessingName,
  type PreprocessingOverrides,
  parsePreprocessing,
  preprocessingNamed,
  preprocessingNames,
} from './architecture/preprocessing.ts'
/** What the published weights of a network see. */
export type { Published } from './architecture/variants/base.ts'
/** Every named network: `config('resnet50')`, `variantNamed`, and the whole table. */
export {
  type Alias,
  aliases,
  config,
  type Variant,
  variantNamed,
  variants,
} from './architecture/variants.ts'

// Analysis: costs, comparison, diagrams.

/** What sets two networks apart. */
export {
  type CompareOptions,
  type Comparison,
  type ConfigDifference,
  compare,
  type LayerComparison,
  type LayerKey,
  type TotalDifference,
  type TotalDifferences,
} from './analysis/compare.ts'
/** Draws one block with box characters. */
export { describeBlock } from './analysis/diagram.ts'
/** Layers that change in the same way. */
export type { FoldedChange } from './analysis/fold.ts'
/** What a network costs: by layer, block and section, or in sum. */
export {
  type BlockSummary,
  type Costs,
  type LayerSummary,
  type SectionSummary,
  type Summary,
  summarise,
  type Totals,
  totalsOf,
} from './analysis/summary.ts'

// Models: pictures in, classes or features out.

/** The PNG file of a decoded picture. */
export { encodePng } from '#platform/images/encode'
/** What holds a file's bytes, in pages and in Node. */
export type { GivenBytes } from './bounded/given-bytes.ts'
/** A network with its tensors, labels and preprocessing, and what its scores say. */
export type { Answers, Model } from './checkpoint/model.ts'
/** Writes a model as one file of safetensors, in chunks. */
export { type WriteOptions, writeModel } from './checkpoint/model-file.ts'
/** Writes a model file under a path, whole or not at all. */
export { type SaveOptions, saveModel } from './checkpoint/save.ts'
/** A network or a model as the bytes of an ONNX file. */
export { type ModelOnnxOptions, type OnnxOptions, onnxOfModel, toOnnx } from './export/onnx.ts'
/** Writes an ONNX file under a path, whole or not at all. */
export { saveOnnx } from './export/save.ts'
/** How far the fetching of a published model is. */
export type { FetchProgress } from './hub/wanted.ts'
/** A picture: decoded, decoded by somebody else, or still in its file. */
export type { DrawnPicture, NamedPicture, PictureInput } from './images/given.ts'
export type { EncodedPicture, Picture, Pixels } from './images/picture.ts'
/** What a model answers. */
export type { Answering } from './inference/answering.ts'
/** Where in a picture a class is seen. */
export type { ActivationMap } from './inference/cam.ts'
/** Draws such a map over the picture. */
export { type Cells, drawMap } from './inference/draw-map.ts'
/** How often a model is right on a dataset. */
export type { EvaluateOptions, Evaluation, JudgedImage } from './inference/evaluate.ts'
/** Loads a model from a published name, an npm package, a path or bytes, and makes it ready to run. */
export {
  type LoadOptions,
  loadModel,
  type ModelSource,
  type ReadOptions,
  readModel,
} from './inference/load.ts'
/** A model that is ready to run. */
export type {
  ActivationMapOptions,
  ClassifyOptions,
  EmbedOptions,
  LoadedModel,
} from './inference/loaded-model.ts'
/** What pictures come as. */
/** A class and how sure the model is of it. */
export type { Prediction } from './inference/predictions.ts'
/** How often answers are right, in all and by class. */
export type { Answered, ClassTally, Counts } from './inference/tally.ts'

// Training: from labelled pictures to a model.

/** A picture of a dataset, and what lies beside the pictures and is none. */
export type { DatasetItem, PassedOver } from './datasets/dataset.ts'
/** Fetches a published set of pictures, in Node. */
export { type FetchDatasetOptions, type FetchedDataset, fetchDataset } from './datasets/fetch.ts'
/** How far that is. */
export type { DownloadProgress } from './datasets/fetched.ts'
/** What can be fetched. */
export type { PublishedDataset } from './datasets/published.ts'
/** Labelled pictures to train on: of a dataset on disk, or in memory. */
export {
  type LabelledPicture,
  openTrainingSet,
  type TrainingSet,
  type TrainingSetOptions,
  trainingSetOf,
} from './datasets/training-set.ts'
/** What happens to training pictures. */
export type { Augmentation } from './images/augment/settings.ts'
/** What a training tells while it works. */
export type {
  Best,
  Ended,
  EpochEnded,
  Estimate,
  FeaturesComputed,
  Noted,
  RunSettings,
  Saved,
  Skipped,
  Started,
  Stepped,
  TrainingEvent,
} from './training/events.ts'
/** How a training is asked for. */
export type { TrainOptions } from './training/prepare.ts'
/** All settings of a training but its data, as one JSON value. */
export { parseRecipe, type Recipe } from './training/recipe.ts'
/** The recipes by name. */
export { changedRecipe, recipeNamed, recipeNames } from './training/recipes.ts'
/** Trains a network, from scratch or from a model. */
export { train } from './training/train.ts'
/** What a run came to, in sentences. */
export type { Finding } from './training/verdict.ts'

// Graphs: what everything else is derived from.

/** A network in training mode with its loss and gradients. */
export { buildGradients, type GradientOptions } from './architecture/gradients.ts'
/** The graphs of a training step: gradients of micro-batches, and the optimiser's update. */
export {
  buildTraining,
  type ParameterGroup,
  type Training,
  type TrainingOptions,
} from './architecture/training.ts'
/** How parameters follow their gradients. */
export type { Optimiser } from './architecture/update.ts'
/** Appends the nodes that compute a loss's gradients. */
export { differentiate, gradientName } from './graph/differentiate.ts'
/** A graph and its parts. */
export type {
  Assignment,
  Graph,
  GraphValue,
  Initialiser,
  InputValue,
  Node,
  NodeValue,
  Part,
  StateValue,
} from './graph/graph.ts'
/** First values of all parameters and buffers, from a seed. */
export { initialise } from './graph/initialise.ts'
/** Cuts out of a graph what a few of its values need. */
export { select } from './graph/select.ts'
/** Shapes: dimensions are numbers, or `N` for the batch. */
export type { Dim, Shape } from './ops/shape.ts'

// Engines: what runs graphs.

/** In Node, lets V8 use its experimental vectors, in the whole process: faster kernels for the wasm engine. */
export { enableExperimentalSimd } from '#platform/engines/wasm/experimental-simd'
/** The interface of every engine. */
export type { Engine, EngineOptions, KernelTiming, Session, TensorMap } from './engines/engine.ts'
/** A profile's kernels against the machine's peak, and their sums by kind of layer. */
export { byKind, type KindTiming, type LayerKind, type LayerTiming, layersOf } from './engines/layers.ts'
/** ONNX Runtime, native or on graphics processors: inference only, an optional package. */
export {
  type OnnxRuntimeOptions,
  onnxruntime,
  onnxruntimeEngine,
  type Runtime,
} from './engines/onnxruntime/onnxruntime.ts'
/** What is used of ONNX Runtime's own interface. */
export type { RuntimeOptions, RuntimeSession, RuntimeTensor } from './engines/onnxruntime/runtime.ts'
/** What the machine can do at most, by an engine's own kernels. */
export { measurePeaks, type Peaks } from './engines/peaks.ts'
/** Plain loops in double precision: slow, obviously right. */
export { referenceEngine } from './engines/reference/reference.ts'
/** How the wasm engine computes each convolution, and why. */
export { type Algorithm, algorithmsOf, type LayerAlgorithm } from './engines/wasm/algorithms.ts'
/** WebAssembly on all cores: the default. */
export { wasmEngine } from './engines/wasm/wasm.ts'
/** Draws a profile as a roofline, the text of an SVG file. */
export { drawRoofline, type Roofline } from './plots/roofline.ts'

// Errors: each names whose mistake it was.

/** Every error that the package throws on purpose is a `ResNetError` of one of these kinds. */
export {
  ArgumentError,
  CheckpointError,
  ConfigError,
  DatasetError,
  EngineError,
  ExportError,
  GraphError,
  HubError,
  ImageError,
  ResNetError,
  ResourceError,
  ShapeError,
  TrainingError,
} from './errors.ts'
