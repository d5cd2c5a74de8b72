/** Which network a run trains, with which preprocessing, and from which tensors. */
import { parseConfig, type ResNetConfig } from '../architecture/config.ts'
import {
  onlyColourOrGrey,
  overriddenPreprocessing,
  type Preprocessing,
  type PreprocessingOverrides,
  preprocessingNamed,
} from '../architecture/preprocessing.ts'
import { variantNamed } from '../architecture/variants.ts'
import { answersOf, consistentModel } from '../checkpoint/consistent.ts'
import type { Model } from '../checkpoint/model.ts'
import { statesOf } from '../checkpoint/recognise/states.ts'
import type { TensorMap } from '../engines/engine.ts'
import { ArgumentError } from '../errors.ts'
import type { Recipe } from './recipe.ts'

export interface Network {
  readonly arch: string
  readonly config: ResNetConfig
  readonly preprocessing: Preprocessing
  /** Tensors that it starts from, where it starts from a model. */
  readonly tensors: TensorMap | undefined
}

export interface NetworkOptions {
  readonly classes: readonly string[]
  readonly overrides?: PreprocessingOverrides | undefined
  readonly recipe: Recipe
}

/** A named network with a head for these classes. */
export function networkNamed(arch: string, { classes, overrides = {}, recipe }: NetworkOptions): Network {
  const { config, preprocessing: named, name } = variantNamed(arch)
  const preprocessing = overriddenPreprocessing(
    preprocessingNamed(named, config.input),
    overrides,
    config.inputChannels,
  )
  const trained = trainedConfig(config, { classes, preprocessing, recipe })
  return { arch: name, config: trained, preprocessing, tensors: undefined }
}

/** A model's network with a head for these classes; the head is the model's own where the classes are. */
export function networkFrom(given: Model, { classes, recipe }: NetworkOptions): Network {
  const model = consistentModel(given)
  const { name, preprocessing } = model
  const { inputChannels } = model.config
  if (inputChannels !== 1 && inputChannels !== 3)
    throw new ArgumentError(`${name} reads ${inputChannels} channels. ${onlyColourOrGrey}`)
  const config = trainedConfig(model.config, { classes, preprocessing, recipe })
  // By name: a model may have the same classes in another order, as ImageFolder has 10 before 2.
  const placeOf = new Map(model.labels.map((label, place) => [label, place]))
  const places = classes.map((label) => placeOf.get(label) ?? -1)
  const sameClasses =
    model.config.classes === classes.length &&
    answersOf(model) === 'one' &&
    model.labels.length === classes.length &&
    new Set(places).size === classes.length &&
    !places.includes(-1)
  const head = classifierOf(config)
  const states = statesOf(config)
  const kept = [...model.tensors].flatMap(([name, tensor]): [string, Float32Array][] => {
    if (!states.has(name) || (head.has(name) && !sameClasses)) return []
    return [[name, head.has(name) ? rowsInOrder(tensor, places) : tensor]]
  })
  return { arch: networkOf(model), config, preprocessing, tensors: new Map(kept) }
}

/** The rows of a tensor, one for each class, in another order. */
function rowsInOrder(tensor: Float32Array, places: readonly number[]): Float32Array {
  const length = tensor.length / places.length
  const ordered = new Float32Array(tensor.length)
  places.forEach((place, row) => {
    ordered.set(tensor.subarray(place * length, (place + 1) * length), row * length)
  })
  return ordered
}

/** What a model's network is called: a trained model is called after its pictures too, a published one after its training. */
function networkOf({ name, provenance }: Model): string {
  return provenance.get('network') ?? name.replace(/\..*$/, '')
}

/** The config with these classes, the input that the preprocessing cuts, and the recipe's stochastic depth. */
function trainedConfig(
  config: ResNetConfig,
  given: {
    readonly classes: readonly string[]
    readonly preprocessing: Preprocessing
    readonly recipe: Recipe
  },
): ResNetConfig {
  const { classes, preprocessing, recipe } = given
  const own = config.regularisation.stochasticDepth
  const usual = { schedule: 'paper', rescale: 'training', draw: 'image' } as const
  const rate = recipe.stochasticDepth
  return parseConfig({
    ...config,
    classes: classes.length,
    input: preprocessing.crop,
    head: { ...config.head, backgroundClass: false },
    regularisation: {
      ...config.regularisation,
      stochasticDepth: rate === null ? own : { ...(own ?? usual), rate },
    },
  })
}

/** The parameters whose shape follows the number of classes. */
function classifierOf(config: ResNetConfig): ReadonlySet<string> {
  const other = statesOf({ ...config, classes: config.classes + 1 })
  const changes = [...statesOf(config)].filter(([name, shape]) => String(shape) !== String(other.get(name)))
  return new Set(changes.map(([name]) => name))
}
