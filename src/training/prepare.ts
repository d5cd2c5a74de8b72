/** From what a caller asks for to a run that can begin: the data, the network, the recipe, and where it is kept. */
import { openRunFolder } from '#platform/training/run-folder'
import { buildResNet } from '../architecture/build.ts'
import type { Changes } from '../architecture/change.ts'
import type { PreprocessingOverrides } from '../architecture/preprocessing.ts'
import { isVariantName } from '../architecture/variants.ts'
import { shortName } from '../bounded/given-bytes.ts'
import type { Model } from '../checkpoint/model.ts'
import { openTrainingSet, type TrainingSet } from '../datasets/training-set.ts'
import type { Engine, EngineOptions, TensorMap } from '../engines/engine.ts'
import { ArgumentError, DatasetError } from '../errors.ts'
import { valueNamed } from '../graph/graph.ts'
import { engineNamed } from '../inference/engines.ts'
import { type ModelSource, readModel } from '../inference/load.ts'
import { bindBatch, elements } from '../ops/shape.ts'
import { Batches } from './batches.ts'
import type { RunSettings, Skipped } from './events.ts'
import { FeatureInputs } from './features.ts'
import { fingerprintOf, fingerprintOfFeatures } from './fingerprints.ts'
import { fittedTo } from './fitting.ts'
import { frozenValue } from './frozen.ts'
import { type Inputs, PictureInputs } from './inputs.ts'
import { Learner } from './learner.ts'
import { learnsFromAll, withoutShare } from './learns-from-all.ts'
import { networkFrom } from './network.ts'
import { defaultValidation, newSettings, startOptions } from './new-settings.ts'
import { Pictures } from './pictures.ts'
import type { Recipe } from './recipe.ts'
import { recipeFor } from './recipe-choice.ts'
import { type GoingOn, goOn } from './resume.ts'
import type { RunStore, SavedRun, SpaceNeeded } from './store.ts'
import { openTeacher } from './teacher.ts'

export interface TrainOptions {
  /** A path of a dataset, in Node; or pictures in memory (`trainingSetOf`). */
  readonly data: string | TrainingSet
  /** The network, where it starts from scratch; by the pictures' size without it. */
  readonly arch?: string
  /** The model to start from: its head is replaced where its classes are others. */
  readonly from?: ModelSource
  /** What the classes of that model are called, where it does not say so itself: a head of the same classes is kept. */
  readonly labels?: readonly string[]
  /** A recipe or its name; without it, with `from`, `features` or `fine-tune` by the number of pictures, else by their size. */
  readonly recipe?: string | Recipe
  /** Fields of the recipe that are replaced, by dotted keys. */
  readonly changes?: Changes
  /** Fields of the preprocessing that go before the network's own. */
  readonly preprocessing?: PreprocessingOverrides
  /** The teacher, for recipes that distil. */
  readonly teacher?: ModelSource
  /** All that is random depends on it (default 0). */
  readonly seed?: number
  /** The share of the training pictures that is kept for validation where the dataset has no such part (default 0.1). */
  readonly validation?: number
  /** In Node: the run's folder. */
  readonly out?: string
  /** Goes on with the run in `out`, whose settings other options may say again; begins it where nothing is saved yet. */
  readonly resume?: boolean
  /** Writes `preview.png` into `out` before training begins: a sheet of augmented pictures. `only`: and ends there, without a last event. */
  readonly preview?: boolean | 'only'
  readonly engine?: string
  readonly threads?: number
  /** Seconds between two states that are saved within an epoch (default 120). */
  readonly saveEverySeconds?: number
  readonly signal?: AbortSignal
}

export interface PreparedRun {
  readonly settings: RunSettings
  readonly set: TrainingSet
  /** The pictures of the set, decoded. */
  readonly decoded: Pictures
  /** The pictures of the set, as every network sees them. */
  readonly pictures: PictureInputs
  /** What the learner reads of them. */
  readonly inputs: Inputs
  readonly batches: Batches
  readonly learner: Learner
  /** Images of a step. */
  readonly batch: number
  readonly stepsPerEpoch: number
  readonly store: RunStore | undefined
  readonly saved: SavedRun | undefined
  readonly engine: Engine
  readonly engineOptions: EngineOptions
  /** What a person should know before it begins. */
  readonly notes: readonly string[]
  /** What has come up since it was last asked: unreadable pictures. */
  news(): readonly Skipped[]
  close(): Promise<void>
}

/** Opens everything that a run needs. Throws as `train`. */
export async function prepareRun(options: TrainOptions): Promise<PreparedRun> {
  const { out, resume = false, preview = false } = options
  if (resume && out === undefined) throw new ArgumentError('to resume a run, name its folder')
  if (preview !== false && out === undefined)
    throw new ArgumentError('a preview is written into the run’s folder; name one')
  const store = out === undefined ? undefined : await openRunFolder(out, { resume })
  const opened: { close(): Promise<void> }[] = store === undefined ? [] : [store]
  try {
    const set = await openData(options, store)
    opened.push(set)
    const news: Skipped[] = []
    const total = set.train.length + set.val.length + set.test.length
    const pictures = new Pictures(total, (unreadable) => news.push({ kind: 'skipped', ...unreadable }))
    const decided = await settingsFor(options, { set, pictures, store })
    const { settings, saved, tensors, teacher } = decided
    const run = await openNetworks(options, { set, pictures, settings, saved, tensors, teacher, store })
    opened.push(...run.opened)
    await run.learner.prepare(saved?.position.epoch ?? 0)
    await store?.checkSpace(spaceNeeded(settings, run))
    if (saved === undefined) await store?.begin(settings)
    else await store?.saveSettings(settings)
    return {
      ...run,
      settings,
      saved,
      notes: [...(store?.notes ?? []), ...decided.notes],
      set,
      decoded: pictures,
      store,
      news: () => news.splice(0),
      close: () => closeAll(opened),
    }
  } catch (error) {
    await closeAll(opened)
    throw error
  }
}

async function closeAll(opened: readonly { close(): Promise<void> }[]): Promise<void> {
  for (const each of [...opened].reverse()) await each.close()
}

async function openData(options: TrainOptions, store: RunStore | undefined): Promise<TrainingSet> {
  const { data, seed, validation } = options
  const before = store?.before?.settings
  const set =
    typeof data !== 'string'
      ? data
      : await openTrainingSet(data, {
          seed: before?.seed ?? seed ?? 0,
          validation: before?.dataset.validation ?? validation ?? defaultValidation,
        })
  // Who hands on pictures has divided them as they want it.
  const isDivided = typeof data !== 'string' || validation !== undefined
  const fromAll =
    before === undefined
      ? !isDivided && options.from !== undefined && learnsFromAll(set, recipeFor(options, set))
      : before.dataset.valFrom === 'none' && set.valFrom === 'share'
  return fromAll ? withoutShare(set) : set
}

/** What a run is made of, and what it begins with. */
interface Decided extends GoingOn {
  /** Tensors of the model that a run starts from which has nothing saved. */
  readonly tensors: TensorMap | undefined
  /** The teacher, where it has been read. */
  readonly teacher?: Model | undefined
}

/** The settings of the run that goes on, or those that the options ask for. */
async function settingsFor(
  options: TrainOptions,
  given: { readonly set: TrainingSet; readonly pictures: Pictures; readonly store: RunStore | undefined },
): Promise<Decided> {
  const { set, pictures, store } = given
  const before = store?.before
  if (before === undefined) {
    const begun = await newSettings(options, set, pictures)
    const notes = options.resume === true ? [`there is no run in ${options.out} yet; it begins`] : []
    return { ...begun, saved: undefined, notes: [...notes, ...begun.notes] }
  }
  checkPictures(set, before.settings)
  const fitted = (recipe: Recipe) => fittedTo(recipe, set.train.length, options.changes).recipe
  const going = await goOn(before, options, fitted)
  const tensors = going.saved === undefined ? await firstTensors(going.settings, options) : undefined
  return { ...going, tensors }
}

function checkPictures(set: TrainingSet, { dataset }: RunSettings): void {
  if (fingerprintOf(set) === dataset.fingerprint) return
  const countsOf = (train: number, val: number, test: number) =>
    `${train} pictures to train on, ${val} to validate, ${test} to test`
  const had = countsOf(dataset.train, dataset.val, dataset.test)
  const has = countsOf(set.train.length, set.val.length, set.test.length)
  const differs = had === has ? 'other names or classes than then' : `${has}; then ${had}`
  throw new DatasetError(
    `${set.name}: is not the dataset that the run began with (${dataset.name}): it has ${differs}. A run goes on with the same pictures only; for others begin a new one from its model, with --from and its folder`,
  )
}

/**
 * What a run that was begun, but of which nothing is saved, starts from.
 *
 * @throws ArgumentError where the model is no longer what it was.
 */
async function firstTensors(settings: RunSettings, options: TrainOptions): Promise<TensorMap | undefined> {
  const { from = settings.sources.from ?? undefined, arch } = options
  if (settings.from === null) return undefined
  if (from === undefined)
    throw new ArgumentError(`the run begins from ${settings.from}, which no file holds; give it again`)
  const { classes, preprocessing, recipe } = settings
  // A bare checkpoint may have been read as a network that was named.
  const { arch: _, ...others } = startOptions(options)
  for (const named of [arch, settings.arch]) {
    const isNamed = named !== undefined && isVariantName(named)
    const model = await readModel(from, isNamed ? { ...others, arch: named } : others)
    const network = networkFrom(model, { classes, overrides: { crop: preprocessing.crop }, recipe })
    if (JSON.stringify(network.config) === JSON.stringify(settings.config)) return network.tensors
  }
  throw new ArgumentError(
    `${typeof from === 'string' ? shortName(from) : 'the model'}: holds another network than the run was to begin from; begin a new run, without --resume`,
  )
}

/** Images of a step: the recipe's, or for fewer pictures than that as many whole micro-batches as there are. */
function batchOf({ batch, microBatch }: Recipe, pictures: number): number {
  if (pictures >= batch) return batch
  const micro = Math.min(microBatch ?? pictures, pictures)
  return Math.floor(pictures / micro) * micro
}

/** The session that learns, its batches, and the teacher's session. */
async function openNetworks(
  options: TrainOptions,
  given: {
    readonly set: TrainingSet
    readonly pictures: Pictures
    readonly settings: RunSettings
    readonly saved: SavedRun | undefined
    readonly tensors: TensorMap | undefined
    readonly teacher: Model | undefined
    readonly store: RunStore | undefined
  },
) {
  const { set, settings, saved, tensors, store } = given
  const { recipe, seed, classes, config, preprocessing } = settings
  const engineOptions = options.threads === undefined ? {} : { threads: options.threads }
  const batch = batchOf(recipe, set.train.length)
  const stepsPerEpoch = Math.ceil(set.train.length / batch)
  const engine = await engineNamed(options.engine)
  const source = options.teacher ?? settings.sources.teacher ?? undefined
  const taught = given.teacher ?? (source === undefined ? undefined : await readModel(source))
  const teacher = await openTeacher(taught, { settings, engine, ...engineOptions })
  const start = frozenValue(settings)
  const learner = await Learner.open({
    config,
    recipe,
    seed,
    engine,
    ...engineOptions,
    batch,
    stepsPerEpoch,
    fineTuning: settings.from !== null,
    start,
    from: tensors,
    resumed: saved?.states,
  })
  const channels = config.inputChannels
  const pictures = new PictureInputs({
    set,
    pictures: given.pictures,
    recipe,
    preprocessing,
    channels,
    seed,
  })
  const inputs = start === undefined ? pictures : featureInputs(start, { settings, pictures, learner, store })
  const batches = new Batches({
    items: set.train,
    inputs,
    recipe,
    classes: classes.length,
    seed,
    batch,
    ...(teacher === undefined ? {} : { teacher: teacher.scores }),
  })
  const opened = [...(teacher === undefined ? [] : [teacher]), learner]
  return { pictures, inputs, batches, learner, engine, engineOptions, batch, stepsPerEpoch, opened }
}

/** What the frozen part, which ends with the value `start`, answers for the pictures. */
function featureInputs(
  start: string,
  given: {
    readonly settings: RunSettings
    readonly pictures: PictureInputs
    readonly learner: Learner
    readonly store: RunStore | undefined
  },
): FeatureInputs {
  const { settings, pictures, learner, store } = given
  const { config, dataset, recipe } = settings
  const { shape } = valueNamed(buildResNet(config), start)
  return new FeatureInputs({
    pictures,
    counts: dataset,
    copies: recipe.fineTuning.copies,
    shape: bindBatch(shape, 1).slice(1),
    standardised: start === 'features',
    store,
    fingerprint: async () => fingerprintOfFeatures(start, settings, await learner.frozen()),
    compute: (image, batch) => learner.features(image, batch),
    scaled: (scaling) => learner.scaled(scaling),
  })
}

/** A step's lines in the two logs, and what a feature's row has beside its numbers. */
const bytesOf = { step: 500, row: 8 }

function spaceNeeded(
  { recipe, dataset }: RunSettings,
  {
    learner,
    inputs,
    pictures,
    stepsPerEpoch,
  }: Pick<PreparedRun, 'learner' | 'inputs' | 'pictures' | 'stepsPerEpoch'>,
): SpaceNeeded {
  const rows = inputs === pictures ? 0 : recipe.fineTuning.copies * dataset.train + dataset.val
  return {
    ...learner.bytes,
    features: rows * (4 * elements(inputs.shape) + bytesOf.row),
    logs: recipe.epochs * stepsPerEpoch * bytesOf.step,
  }
}
