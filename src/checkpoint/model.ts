/** A model: an architecture, its tensors, what its pictures go through, and what its classes are called. */
import { type Changes, changed } from '../architecture/change.ts'
import { parseConfig, type ResNetConfig } from '../architecture/config.ts'
import {
  describePreprocessing,
  onlyColourOrGrey,
  type Preprocessing,
  type PreprocessingName,
  type PreprocessingOverrides,
  preprocessingNamed,
} from '../architecture/preprocessing.ts'
import {
  isVariantName,
  publishedPreprocessing,
  type Variant,
  variantNamed,
} from '../architecture/variants.ts'
import { CheckpointError, ConfigError } from '../errors.ts'
import { answersFrom } from './answers.ts'
import type { Checkpoint } from './checkpoint.ts'
import { type AssumedNames, classNamesOf } from './class-names.ts'
import { consistentModel } from './consistent.ts'
import { type Fit, fill, fitOf, type MisshapenTensor } from './fill.ts'
import { readDescription, readModel, tensorsUnderOwnNames } from './model-file.ts'
import { type NamedCheckpoint, nameTensors } from './naming/map.ts'
import { combined, type Preparation, preparationOf } from './preparation.ts'
import { askedNotes, openNotes } from './recognise/ambiguity.ts'
import { declaredBeside, namedBeside, overruledNotes, refuseOtherClasses } from './recognise/declared.ts'
import { type Recognisable, type Recognition, recogniseArchitecture } from './recognise/recognise.ts'
import { sameStates, statesOf } from './recognise/states.ts'
import { type Statistics, takeStatistics, withoutStatistics } from './statistics.ts'

export interface Model {
  /** The named network that it is, or the nearest; else a description. */
  readonly name: string
  readonly config: ResNetConfig
  /** Parameters and buffers under torchvision's names, float32, in the order of the graph. */
  readonly tensors: ReadonlyMap<string, Float32Array>
  /** What the classes are called, in order; empty where nobody knows. */
  readonly labels: readonly string[]
  readonly preprocessing: Preprocessing
  /** What its scores say; without it `one`, or `each` where there is one score. */
  readonly answers?: Answers
  /** Where it comes from: the file, its format, whose names it had, what a hub knows of it. */
  readonly provenance: ReadonlyMap<string, string>
  /** What a person should know of how it was read. */
  readonly notes: readonly string[]
}

/** Which one of the classes it is (softmax); yes or no for each class (sigmoid); nothing, as the file had no classifier. */
export type Answers = 'one' | 'each' | 'none'

export interface ModelOptions {
  /** Which network the file holds, by name or config; recognised where it is left out. */
  readonly arch?: string | ResNetConfig
  /** Fields of the config by dotted keys, for what the file leaves open: `{ 'block.strideAt': 'conv1' }`. */
  readonly changes?: Changes
  /** What its pictures go through, or fields of it; where it is left out, what the file or its folder says, or what is usual. */
  readonly preprocessing?: PreprocessingOverrides | PreprocessingName
  /** What the classes are called, in order. */
  readonly labels?: readonly string[]
  /** The thousand names of ImageNet's classes, assumed where there are as many classes and nothing names them. */
  readonly imagenetLabels?: readonly string[]
  /** The name of a published model whose usual classes and preprocessing are known, not assumed. */
  readonly published?: string
}

const cifar10Labels = [
  'airplane',
  'automobile',
  'bird',
  'cat',
  'deer',
  'dog',
  'frog',
  'horse',
  'ship',
  'truck',
]

/**
 * Reads a model from any checkpoint: our own model file, or one of a known naming scheme.
 *
 * @throws CheckpointError for a file that does not hold the network; ConfigError for an unknown `arch`.
 */
export async function modelFromCheckpoint(given: Checkpoint, options: ModelOptions = {}): Promise<Model> {
  const { arch, changes = {} } = options
  if (arch === undefined) {
    const own = await readModel(given)
    if (own !== undefined) return withChoices(own, options)
  }
  const { rest: checkpoint, statistics } = await takeStatistics(given)
  const named = nameTensors(checkpoint)
  const plan =
    arch === undefined
      ? await planFound(checkpoint, named, changes)
      : await planGiven(arch, checkpoint, named)
  const { name, headless, looksLike, namedBy } = plan
  const config = changed(plan.config, changes)
  const filled = await fill(config, named, {
    file: checkpoint.name,
    arch: namedBy === undefined ? name : `${name}, which ${namedBy} names`,
    headless,
    looksLike,
  })
  const answers = await answersFrom(checkpoint, { headless, classes: config.classes })
  const names = headless
    ? { labels: [], notes: [] }
    : await classNamesOf(checkpoint, {
        classes: config.classes,
        background: config.head.backgroundClass,
        chosen: options.labels,
        assumed: assumedNames(named, options),
        published: options.published,
      })
  const preparation = await prepared(checkpoint, { plan, options, statistics })
  return consistentModel({
    name,
    config,
    tensors: filled.tensors,
    labels: names.labels,
    preprocessing: preparation.preprocessing,
    ...answers.fields,
    provenance: new Map([
      ['source', checkpoint.name.replace(/^.*[/\\]/, '')],
      ['format', checkpoint.format],
      ['names', named.scheme.description],
      ...(names.from === undefined ? [] : ([['labels', names.from]] as const)),
      ['preprocessing', preparation.from],
    ]),
    notes: [
      ...checkpoint.notes,
      ...named.notes,
      ...plan.notes,
      ...askedNotes(changes),
      ...filled.notes,
      ...answers.notes,
      ...names.notes,
      ...notesOn(preparation),
    ],
  })
}

/** The one line that every load says of its pictures. */
function notesOn({ preprocessing, from, notes }: Preparation): readonly string[] {
  return [...notes, `pictures: ${describePreprocessing(preprocessing)} (${from})`]
}

async function prepared(
  checkpoint: Checkpoint,
  given: {
    readonly plan: Plan
    readonly options: ModelOptions
    readonly statistics: Statistics | undefined
  },
): Promise<Preparation> {
  const { plan, options, statistics } = given
  const { config, preprocessing: usual } = plan
  try {
    return await preparationOf(checkpoint, {
      usual: {
        preprocessing: usualPreprocessing(plan),
        from:
          options.published === undefined
            ? `assumed: ${usual}, which is usual for ${plan.name}`
            : `as ${options.published} was trained`,
      },
      chosen: chosenFields(options, config),
      channels: config.inputChannels,
      statistics,
    })
  } catch (error) {
    if (!(error instanceof ConfigError) || [1, 3].includes(config.inputChannels)) throw error
    throw new CheckpointError(
      `${checkpoint.name}: its network reads ${config.inputChannels} channels. ${onlyColourOrGrey}`,
      { cause: error },
    )
  }
}

/** The network's own row, as it was named, goes before the preset that it shares with others. */
function usualPreprocessing({ name, variant: named, preprocessing, config }: Plan): Preprocessing {
  const variant = named ?? (isVariantName(name) ? variantNamed(name) : undefined)
  return variant?.preprocessing === preprocessing
    ? publishedPreprocessing(variant, config.input)
    : preprocessingNamed(preprocessing, config.input)
}

function chosenFields({ preprocessing }: ModelOptions, { input }: ResNetConfig): PreprocessingOverrides {
  return typeof preprocessing === 'string' ? preprocessingNamed(preprocessing, input) : (preprocessing ?? {})
}

/** What a checkpoint holds, and how it compares with that network. */
export interface Identification
  extends Pick<Recognition, 'name' | 'variant' | 'config' | 'differences' | 'evidence' | 'ambiguous'> {
  readonly missing: readonly string[]
  readonly unexpected: readonly string[]
  readonly misshapen: readonly MisshapenTensor[]
  readonly notes: readonly string[]
}

/** Says what a checkpoint holds, without reading its tensors. Throws `CheckpointError` where it is no network's. */
export function identifyCheckpoint(given: Checkpoint): Identification {
  const checkpoint = withoutStatistics(given)
  const description = readDescription(checkpoint)
  if (description !== undefined) {
    const { name, config } = description
    const fit = fitOf(tensorsUnderOwnNames(checkpoint), statesOf(config))
    const evidence = ['the model file says its own config']
    return {
      name,
      config,
      differences: [],
      evidence,
      ambiguous: [],
      ...misfits(fit),
      notes: checkpoint.notes,
    }
  }
  const named = nameTensors(checkpoint)
  const { headless, ...recognition } = recognise(checkpoint, named)
  const fit = fitOf(named, statesOf(recognition.config), headless)
  return { ...recognition, ...misfits(fit), notes: [...checkpoint.notes, ...named.notes] }
}

function misfits({ missing, unexpected, misshapen }: Fit) {
  return { missing, unexpected, misshapen }
}

function recognise(
  { name, topology }: Checkpoint,
  named: NamedCheckpoint,
  given: Pick<Recognisable, 'said' | 'declared'> = {},
): Recognition {
  return recogniseArchitecture({
    file: name,
    named,
    ...given,
    ...(topology === undefined ? {} : { topology }),
  })
}

/** Where the caller names no network: what files beside it say, then its tensors. */
async function planFound(checkpoint: Checkpoint, named: NamedCheckpoint, changes: Changes): Promise<Plan> {
  const beside = await namedBeside(checkpoint)
  if ('arch' in beside) {
    refuseOtherClasses(checkpoint.name, beside.classes, named.head?.classes)
    const plan = planFor(beside.arch, named, tryRecognise(checkpoint, named))
    return {
      ...plan,
      config: changed(plan.config, beside.changes),
      namedBy: 'config.json beside it',
      notes: beside.notes,
    }
  }
  const declared = await declaredBeside(checkpoint)
  const own = named.scheme.name.startsWith('hugging-face')
  const plan = planOf(recognise(checkpoint, named, { said: changes, declared: own ? declared : undefined }))
  const other =
    declared === undefined || own
      ? []
      : [
          `config.json beside it is of Hugging Face's ResNet, but the tensors have names of ${named.scheme.description}: what it says of the network is not followed`,
        ]
  return { ...plan, notes: [...beside.notes, ...other, ...plan.notes] }
}

/** Where the caller names the network, what files beside the checkpoint say otherwise is told. */
async function planGiven(
  arch: string | ResNetConfig,
  checkpoint: Checkpoint,
  named: NamedCheckpoint,
): Promise<Plan> {
  const plan = planFor(arch, named, tryRecognise(checkpoint, named))
  return { ...plan, notes: [...(await overruledNotes(checkpoint, plan)), ...plan.notes] }
}

/** Where the network is given, what the file looks like is only a help for messages. */
function tryRecognise(checkpoint: Checkpoint, named: NamedCheckpoint): Recognition | undefined {
  try {
    return recognise(checkpoint, named)
  } catch (error) {
    if (error instanceof CheckpointError) return undefined
    throw error
  }
}

interface Plan {
  readonly name: string
  /** The row that was named, with what its tag says. */
  readonly variant?: Variant | undefined
  readonly config: ResNetConfig
  readonly preprocessing: PreprocessingName
  readonly headless: boolean
  /** Another network that the file looks like. */
  readonly looksLike?: string | undefined
  /** What names the network, where that is not the caller. */
  readonly namedBy?: string
  readonly notes: readonly string[]
}

function planOf(recognition: Recognition): Plan {
  const { name, config, preprocessing, headless } = recognition
  return { name, config, preprocessing, headless, notes: readingNotes(recognition) }
}

/** What was taken, and what the file does not say. */
function readingNotes(recognition: Recognition): readonly string[] {
  const { name, variant, differences, ambiguous, declared = [] } = recognition
  const changes = differences.map(({ key, b }) => `${key} ${String(b)}`)
  const known = variant !== undefined || changes.length === 0
  const read = known ? `read as ${name}` : `read as ${name} with ${changes.join(', ')}`
  return [read, ...declared, ...openNotes(ambiguous)]
}

/** A network that the caller names: only classes and image channels come from the file. */
function planFor(
  arch: string | ResNetConfig,
  named: NamedCheckpoint,
  recognition: Recognition | undefined,
): Plan {
  const variant = typeof arch === 'string' ? variantNamed(arch) : undefined
  const wanted = typeof arch === 'string' ? variantNamed(arch).config : parseConfig(arch)
  const classes = named.head?.classes ?? 1
  const collection = named.scheme.name === 'cifar-collection' && variant !== undefined
  const config = {
    ...wanted,
    classes,
    inputChannels: recognition?.config.inputChannels ?? wanted.inputChannels,
    head: headFor(wanted, named, classes),
    shortcut:
      collection && wanted.shortcut.kind === 'zero-padding'
        ? ({ ...wanted.shortcut, zeros: 'both' } as const)
        : wanted.shortcut,
  }
  return {
    name: variant?.name ?? recognition?.name ?? 'the given network',
    variant,
    config,
    preprocessing: collection
      ? 'cifar-akamaster'
      : (variant?.preprocessing ?? recognition?.preprocessing ?? 'torch-imagenet'),
    headless: named.head === undefined,
    looksLike: recognition?.nearest === variant?.name ? undefined : recognition?.nearest,
    notes: [],
  }
}

/** The head that the network has, with the layers that the file has. */
function headFor(
  { head, classes: usual }: ResNetConfig,
  { head: found }: NamedCheckpoint,
  classes: number,
): ResNetConfig['head'] {
  const backgroundClass = head.backgroundClass && classes === usual
  if (found === undefined) return { ...head, backgroundClass, hidden: [] }
  const pool = found.pool.kind === 'global' ? head.pool : found.pool
  // A config of the caller's that has as many layers says what acts between them.
  const hidden = head.hidden.length === found.hidden.length ? head.hidden : found.hidden
  return { ...head, backgroundClass, pool, hidden }
}

function assumedNames(
  named: NamedCheckpoint,
  { imagenetLabels = [] }: ModelOptions,
): readonly AssumedNames[] {
  const cifar = named.scheme.name === 'cifar-collection'
  return [
    ...(imagenetLabels.length > 0 ? [{ of: "ImageNet's", labels: imagenetLabels }] : []),
    ...(cifar ? [{ of: "CIFAR-10's", labels: cifar10Labels }] : []),
  ]
}

/** A model file says everything itself; what the caller chooses goes before it. */
async function withChoices(model: Model, options: ModelOptions): Promise<Model> {
  const { provenance } = model
  const { changes = {} } = options
  const config = changed(model.config, changes)
  if (!sameStates(statesOf(config), statesOf(model.config)))
    throw new ConfigError(Object.keys(changes).join(', '), 'asks for other tensors than the model file has')
  const usual = { preprocessing: model.preprocessing, from: 'the model file' }
  const chosen = { from: 'the caller', fields: chosenFields(options, config) }
  const preparation = combined([chosen], usual, config.inputChannels)
  const isOther = preparation.from !== usual.from
  const { labels } = options
  return consistentModel({
    ...model,
    config,
    ...(labels === undefined ? {} : { labels }),
    preprocessing: preparation.preprocessing,
    provenance: new Map([
      ...provenance,
      ...(isOther ? ([['preprocessing', preparation.from]] as const) : []),
      ...(labels === undefined ? [] : ([['labels', 'the caller']] as const)),
    ]),
    notes: [...model.notes, ...askedNotes(changes), ...notesOn(preparation)],
  })
}
