/**
 * A run that goes on keeps its settings. What a command line says of them again must be what the run has, so that the line
 * that began it goes on with it too; what differs is named by its flag, unless it concerns the coming epochs alone.
 */
import { oneNameOf } from '#platform/inference/paths'
import { overriddenPreprocessing } from '../architecture/preprocessing.ts'
import { variantNamed } from '../architecture/variants.ts'
import { ArgumentError } from '../errors.ts'
import { shellPath } from '../shell.ts'
import type { RunSettings } from './events.ts'
import type { TrainOptions } from './prepare.ts'
import type { Recipe } from './recipe.ts'
import { recipeNamed } from './recipes.ts'
import type { Position, SavedRun } from './store.ts'

export interface GoingOn {
  readonly settings: RunSettings
  readonly saved: SavedRun | undefined
  /** What a person should know. */
  readonly notes: readonly string[]
}

interface Difference {
  readonly flag: string
  readonly run: unknown
  readonly here: unknown
}

/**
 * The settings of a run that goes on: more epochs, where those behind it stay as they were, and more patience may be asked for.
 * `fitted` is what the options make of a recipe for the run's pictures.
 *
 * @throws ArgumentError for options that differ from the run's settings.
 */
export async function goOn(
  { settings, saved }: Omit<GoingOn, 'notes'>,
  options: TrainOptions,
  fitted: (recipe: Recipe) => Recipe,
): Promise<GoingOn> {
  const asked = recipeAsked(settings, options, fitted)
  const all = [
    ...differencesIn(settings, options),
    ...(await otherModels(settings, options)),
    ...recipeDifferences(settings, options, asked),
  ]
  const [later, others] = [all.filter(isLater), all.filter((difference) => !isLater(difference))]
  if (others.length > 0) throw new ArgumentError(refusal(others, saved))
  if (saved === undefined) {
    if (later.length > 0) throw new ArgumentError(refusal(later, saved))
    return { settings, saved, notes: [] }
  }
  const { recipe: own } = settings
  const longer = {
    ...own,
    epochs: later.some(({ flag }) => flag === '--epochs') ? asked.epochs : own.epochs,
    patience: later.some(({ flag }) => flag === '--set patience') ? asked.patience : own.patience,
  }
  if (longer.epochs > own.epochs) checkSchedule(settings, options, longer.epochs)
  return {
    settings: { ...settings, recipe: longer },
    saved: { ...saved, position: patientAgain(saved.position, settings.recipe, longer) },
    notes: endNotes(saved.position, longer),
  }
}

/** More epochs, and more patience, change nothing that lies behind the run. */
function isLater({ flag, run, here }: Difference): boolean {
  if (flag === '--epochs') return Number(here) > Number(run)
  return flag === '--set patience' && run !== null && (here === null || Number(here) > Number(run))
}

/** The recipe that the options ask for, on top of the run's where they name none. */
function recipeAsked(
  { recipe: own }: RunSettings,
  { recipe = own }: TrainOptions,
  fitted: (recipe: Recipe) => Recipe,
): Recipe {
  return fitted(typeof recipe === 'string' ? recipeNamed(recipe) : recipe)
}

function differencesIn(settings: RunSettings, options: TrainOptions): readonly Difference[] {
  const { arch, seed, validation, preprocessing: overrides = {} } = options
  const { preprocessing, dataset } = settings
  const wanted = new Map(
    Object.entries(overriddenPreprocessing(preprocessing, overrides, settings.config.inputChannels)),
  )
  const own = new Map(Object.entries(preprocessing))
  const told = (flag: string, value: unknown, run: unknown, here: unknown): readonly Difference[] =>
    value === undefined || same(run, here) ? [] : [{ flag, run, here }]
  return [
    ...told('--arch', arch, settings.arch, arch === undefined ? '' : variantNamed(arch).name),
    ...told('--seed', seed, settings.seed, seed),
    ...told('--validation', validation, dataset.validation, validation),
    ...Object.keys(overrides).flatMap((key) => told(`--${key}`, key, own.get(key), wanted.get(key))),
  ]
}

/** A model may be named in several ways: by paths, or by the folder of the run that it comes from. */
async function otherModels(
  settings: RunSettings,
  { from, teacher }: TrainOptions,
): Promise<readonly Difference[]> {
  const models = [
    { flag: '--from', run: settings.sources.from ?? settings.from, here: from },
    { flag: '--teacher', run: settings.sources.teacher ?? settings.teacher, here: teacher },
  ]
  const differences: Difference[] = []
  for (const { flag, run, here } of models) {
    // Bytes have no name to compare.
    if (typeof here !== 'string') continue
    const isSame = typeof run === 'string' && (await oneNameOf(run)) === (await oneNameOf(here))
    if (!isSame) differences.push({ flag, run, here })
  }
  return differences
}

const flags: ReadonlyMap<string, string> = new Map([
  ['epochs', '--epochs'],
  ['batch', '--batch'],
  ['rate', '--rate'],
  ['fineTuning.frozen', '--freeze'],
])

function recipeDifferences(
  { recipe: own, recipeName }: RunSettings,
  { recipe, changes = {} }: TrainOptions,
  asked: Recipe,
): readonly Difference[] {
  const name = typeof recipe === 'string' && recipe !== recipeName ? [recipe] : []
  const changed = Object.keys(changes).flatMap((key) => {
    const [run, here] = [fieldAt(own, key), fieldAt(asked, key)]
    // What was asked for may have been fitted to the pictures since.
    const isSame = same(run, here) || same(run, changes[key])
    return isSame ? [] : [{ flag: flags.get(key) ?? `--set ${key}`, run, here }]
  })
  const beside =
    typeof recipe !== 'object'
      ? []
      : Object.keys(own)
          .filter((key) => !Object.keys(changes).some((change) => change.split('.')[0] === key))
          .map((key) => ({ flag: `--recipe: ${key}`, run: fieldAt(own, key), here: fieldAt(asked, key) }))
          .filter(({ run, here }) => !same(run, here))
  return [...name.map((here) => ({ flag: '--recipe', run: recipeName, here })), ...changed, ...beside]
}

function fieldAt(value: unknown, key: string): unknown {
  return key.split('.').reduce((at: unknown, name) => {
    if (typeof at !== 'object' || at === null) return undefined
    return new Map<string, unknown>(Object.entries(at)).get(name)
  }, value)
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

function refusal(differences: readonly Difference[], saved: SavedRun | undefined): string {
  const list = differences.map(
    ({ flag, run, here }) => `${flag} is ${shown(run)} in the run, ${shown(here)} here`,
  )
  const them = differences.length === 1 ? 'it' : 'them'
  const otherwise =
    saved === undefined ? '; nothing is saved of it yet: without --resume a new one begins' : ''
  return `${list.join('; ')}: a run keeps its settings; leave ${them} out to go on with it${otherwise}`
}

function shown(value: unknown): string {
  if (value === null || value === undefined) return 'none'
  if (typeof value === 'object' && !Array.isArray(value)) return JSON.stringify(value)
  return String(value)
}

/** A rate that follows the length of the run would have been another from the first step on. */
function checkSchedule(
  { recipe: { schedule, epochs: own }, dataset }: RunSettings,
  { data, out = '' }: TrainOptions,
  epochs: number,
): void {
  if (schedule.kind === 'constant' || schedule.kind === 'steps') return
  const pictures = shellPath(typeof data === 'string' ? data : dataset.name)
  throw new ArgumentError(
    `--epochs is ${own} in the run, ${epochs} here: its ${schedule.kind} schedule spreads the rate over ${own} epochs, and more of them would have changed the first; train on from its best model: resnet train ${pictures} --from ${shellPath(out)} --epochs ${epochs - own}`,
  )
}

function isOutOfPatience({ sinceBest }: Position, { patience }: Recipe): boolean {
  return patience !== null && sinceBest >= patience
}

/** Who asks a run for more epochs that ended early wants it to wait anew. */
function patientAgain(position: Position, before: Recipe, now: Recipe): Position {
  const asksMore = now.epochs > before.epochs && isOutOfPatience(position, now)
  return asksMore ? { ...position, sinceBest: 0 } : position
}

function endNotes(position: Position, recipe: Recipe): readonly string[] {
  const { epochs, schedule, patience } = recipe
  const canGrow = schedule.kind === 'constant' || schedule.kind === 'steps'
  const how = canGrow
    ? `--epochs with more than ${epochs} trains on`
    : 'to train on, begin another from its model: --from and this folder'
  if (position.epoch >= epochs) return [`the run has ended, after its ${epochs} epochs; ${how}`]
  if (!isOutOfPatience(position, recipe)) return []
  return [
    `the run has ended early, ${patience} epochs after its best; --set patience with more than ${position.sinceBest} lets it go on`,
  ]
}
