/**
 * A recipe fitted to the number of pictures. A recipe is made for many pictures: on few of them its epochs would be a handful
 * of steps at a rate that is meant for hundreds. Where it says how many steps a run has at least (`leastSteps`), batch, rate,
 * epochs, warm-up and patience follow from the pictures; what the user has set stays. What comes of it is a plain recipe,
 * whose `leastSteps` is null: it says all that the run does, and gives the same run again.
 */
import { formatCount } from '../analysis/format.ts'
import type { Changes } from '../architecture/change.ts'
import type { RunSettings } from './events.ts'
import type { Recipe } from './recipe.ts'
import { changedRecipe } from './recipes.ts'

export interface Fitted {
  readonly recipe: Recipe
  /** What was fitted and why, each in a line for people. */
  readonly notes: readonly string[]
}

/** A batch is halved until an epoch has so many steps. */
const stepsPerEpoch = 20

/** Batch normalisation sees too little in smaller batches, and the engine's threads wait for each other. */
const leastBatch = 8

/** No picture is shown more often, unless the recipe itself does. */
const mostEpochs = 200

/** An average reaches over a tenth of the run at most, so that it has forgotten the first weights at the end. */
const averagedShare = 0.1

/**
 * The recipe for so many training pictures, with the fields that the user has set.
 *
 * @throws ConfigError for a field that a recipe does not have, or a value that it cannot take.
 */
export function fittedTo(recipe: Recipe, pictures: number, changes: Changes = {}): Fitted {
  const told = changedRecipe(recipe, changes)
  const sized = told.leastSteps === null ? told : sizedFor(recipe, told, { pictures, changes })
  const averaged = withShorterAverage(sized, pictures)
  return {
    recipe: { ...averaged.recipe, leastSteps: null },
    notes: [...sizeNote(told, sized, pictures), ...averaged.notes],
  }
}

/** Steps of an epoch of a recipe. */
function stepsOf({ batch }: Pick<Recipe, 'batch'>, pictures: number): number {
  return Math.ceil(pictures / Math.min(batch, pictures))
}

function sizedFor(
  recipe: Recipe,
  told: Recipe,
  { pictures, changes }: { readonly pictures: number; readonly changes: Changes },
): Recipe {
  const has = (...keys: readonly string[]) => keys.some((key) => Object.hasOwn(changes, key))
  const batch = has('batch') ? told.batch : smallerBatch(told, pictures)
  const rate = has('rate') ? told.rate : recipe.rate * rateShare(told, batch / recipe.batch)
  const wanted = Math.min(mostEpochs, Math.ceil((told.leastSteps ?? 0) / stepsOf({ batch }, pictures)))
  const epochs = has('epochs') ? told.epochs : Math.max(recipe.epochs, wanted)
  // A warm-up keeps its share of the run, and so does what is waited for.
  const longer = epochs / recipe.epochs
  const { warmUp, patience } = told
  return {
    ...told,
    batch,
    rate: Number(rate.toPrecision(3)),
    epochs,
    warmUp:
      warmUp === null || has('warmUp', 'warmUp.epochs')
        ? warmUp
        : { ...warmUp, epochs: warmUp.epochs * longer },
    patience: patience === null || has('patience') ? patience : Math.max(1, Math.round(patience * longer)),
  }
}

/** The recipe's batch, halved as long as an epoch has too few steps; micro-batches stay whole parts of it. */
function smallerBatch({ batch: usual, microBatch }: Recipe, pictures: number): number {
  let batch = usual
  const canBeHalved = () => {
    const half = batch / 2
    const fits = microBatch === null || half <= microBatch || half % microBatch === 0
    return Number.isInteger(half) && half >= leastBatch && fits
  }
  while (stepsOf({ batch }, pictures) < stepsPerEpoch && canBeHalved()) batch /= 2
  return batch
}

/** Rates follow smaller batches in proportion (arXiv:1706.02677), Adam's by the root (arXiv:2205.10287); greater ones do not raise them. */
function rateShare({ optimiser }: Recipe, batches: number): number {
  const isAdaptive = optimiser.kind === 'adamw' || optimiser.kind === 'lamb'
  return Math.min(1, isAdaptive ? Math.sqrt(batches) : batches)
}

function sizeNote(told: Recipe, sized: Recipe, pictures: number): readonly string[] {
  const values = ({ batch, rate, epochs }: Recipe) =>
    `batch ${batch}, rate ${rate}, ${formatCount(epochs)} ${epochs === 1 ? 'epoch' : 'epochs'}`
  if (values(told) === values(sized)) return []
  const steps = sized.epochs * stepsOf(sized, pictures)
  return [
    `${formatCount(pictures)} training pictures: ${values(sized)} (${formatCount(steps)} steps) instead of ${values(told)} (${formatCount(told.epochs * stepsOf(told, pictures))} steps)`,
  ]
}

function withShorterAverage(recipe: Recipe, pictures: number): Fitted {
  const { average, epochs } = recipe
  const steps = epochs * stepsOf(recipe, pictures)
  const longest = 1 - 1 / Math.max(1, averagedShare * steps)
  if (average === null || average <= longest) return { recipe, notes: [] }
  // Rounded down, so that fitting what was fitted changes nothing.
  const shorter = longest === 0 ? null : Math.floor(longest * 1e4) / 1e4
  const becomes = shorter === null ? 'left out' : `shortened to ${shorter}`
  return {
    recipe: { ...recipe, average: shorter },
    notes: [
      `the moving average of ${average} reaches over ${formatCount(Math.round(1 / (1 - average)))} steps, and the run has ${formatCount(steps)}: it is ${becomes}`,
    ],
  }
}

/** Photographs of a class below which a network trained from scratch learns little, and their least side in pixels. */
const fewPhotographs = { perClass: 200, side: 128 }

/** Steps below which a network trained from scratch learns only what is easy. */
const fewSteps = 200

/** What a run from scratch is told beforehand where it will learn little, and what to do. */
export function fewToBeginWith({
  dataset,
  classes,
  preprocessing,
  recipe,
}: Pick<RunSettings, 'classes' | 'recipe'> & {
  readonly dataset: Pick<RunSettings['dataset'], 'train'>
  readonly preprocessing: Pick<RunSettings['preprocessing'], 'crop'>
}): readonly string[] {
  const perClass = dataset.train / classes.length
  const isLarge = Math.min(...preprocessing.crop) >= fewPhotographs.side
  const steps = recipe.epochs * stepsOf(recipe, dataset.train)
  return [
    ...(isLarge && perClass < fewPhotographs.perClass
      ? [
          `${formatCount(Math.round(perClass))} photographs a class are too few to train from scratch: expect little, after a long time. --from resnet50.keras_in1k adapts, in minutes, a network that was trained on a million`,
        ]
      : []),
    ...(steps < fewSteps
      ? [
          `the run has ${formatCount(steps)} ${steps === 1 ? 'step' : 'steps'}: enough for a quick look or for easy pictures; for others a network trained from scratch needs about a thousand (more epochs, or a smaller batch)`,
        ]
      : []),
  ]
}
