/** A recipe: all settings of a training run but the data, as one JSON value. */
import * as v from 'valibot'
import { between, parsed, whole } from '../architecture/schema.ts'
import { ConfigError } from '../errors.ts'
import { augmentationSchema } from '../images/augment/settings.ts'

const share = between(0, 1)
const text = v.pipe(v.string('must be a text'), v.maxLength(1000, 'must have at most 1000 characters'))

const momentum = { momentum: v.pipe(share, v.ltValue(1, 'must be below 1')) }
const adam = {
  beta1: v.pipe(share, v.ltValue(1, 'must be below 1')),
  beta2: v.pipe(share, v.ltValue(1, 'must be below 1')),
  epsilon: v.pipe(between(0, 1), v.gtValue(0, 'must be above 0')),
}

export const recipeSchema = v.strictObject({
  description: text,
  /** The paper and section, or the program, that it follows. */
  source: text,
  epochs: whole(1, 100_000),
  /** Images of one step of the optimiser. */
  batch: whole(1, 65_536),
  /** Images that the network sees at once, whose gradients are accumulated; the whole batch where null, or where that is smaller. Batch normalisation sees it. */
  microBatch: v.nullable(whole(1, 65_536)),
  /**
   * Steps that a run has at least: with too few pictures for that, batch and rate fall and epochs rise (`fitting.ts`). Null
   * where the recipe is taken as it is; a file from before there was this field is, too.
   */
  leastSteps: v.optional(v.nullable(whole(1, 10_000_000)), null),
  optimiser: v.variant('kind', [
    v.strictObject({ kind: v.literal('sgd'), ...momentum, nesterov: v.boolean('must be true or false') }),
    /** arXiv:1708.03888: `trust` is its coefficient η. */
    v.strictObject({
      kind: v.literal('lars'),
      ...momentum,
      trust: v.pipe(share, v.gtValue(0, 'must be above 0')),
    }),
    /** arXiv:1711.05101. */
    v.strictObject({ kind: v.literal('adamw'), ...adam }),
    /** arXiv:1904.00962. */
    v.strictObject({ kind: v.literal('lamb'), ...adam }),
  ]),
  /** The greatest learning rate; schedules give shares of it. */
  rate: v.pipe(between(0, 1000), v.gtValue(0, 'must be above 0')),
  schedule: v.variant('kind', [
    v.strictObject({ kind: v.literal('constant') }),
    /** Multiplied by `factor` after each of these epochs. */
    v.strictObject({ kind: v.literal('steps'), after: v.array(between(0, 100_000)), factor: share }),
    /** Half a cosine down to `end` (arXiv:1608.03983, without restarts). */
    v.strictObject({ kind: v.literal('cosine'), end: share }),
    /** A straight line down to `end`. */
    v.strictObject({ kind: v.literal('linear'), end: share }),
    /** From `start` up over the share `rise` of the run, and straight down to `end` (arXiv:1708.07120). */
    v.strictObject({ kind: v.literal('one-cycle'), start: share, rise: share, end: share }),
  ]),
  /** Linear warm-up from the share `from` over the first epochs, which the schedule then follows. */
  warmUp: v.nullable(v.strictObject({ epochs: between(0, 1000), from: share })),
  /** Weight decay. */
  decay: between(0, 100),
  /** What it draws towards zero: every parameter, or the weights of convolutions and the linear layer only (arXiv:1812.01187, section 3.1). */
  decayed: v.picklist(['all', 'weights'], 'must be all or weights'),
  /** Greatest norm of the gradients; they are scaled down to it. */
  clip: v.nullable(v.pipe(between(0, 1e6), v.gtValue(0, 'must be above 0'))),
  /** Decay a step of the exponential moving average of the weights, by which the network is then judged and saved. */
  average: v.nullable(v.pipe(share, v.ltValue(1, 'must be below 1'))),
  /** arXiv:1512.00567, section 7. */
  labelSmoothing: v.pipe(share, v.ltValue(1, 'must be below 1')),
  /** `balanced`: each class counts alike however many pictures it has. */
  classWeights: v.picklist(['none', 'balanced'], 'must be none or balanced'),
  /** Knowledge distillation (arXiv:1503.02531): the share of the loss that asks for the teacher's answers, softened by a temperature. */
  distillation: v.nullable(v.strictObject({ weight: share, temperature: between(0.1, 100) })),
  /** Starts the last scale of each residual branch at zero (arXiv:1706.02677, section 5.1). */
  zeroLastScale: v.boolean('must be true or false'),
  /** Stochastic depth (arXiv:1603.09382): the last block's probability of being dropped, in the place of the network's own. */
  stochasticDepth: v.nullable(v.pipe(share, v.ltValue(1, 'must be below 1'))),
  /** Ends the run after so many epochs without a better one. */
  patience: v.nullable(whole(1, 100_000)),
  augmentation: augmentationSchema,
  /** How a network that starts from another is trained; unused where it starts from scratch. */
  fineTuning: v.strictObject({
    /** Epochs, of all, in which the head alone is trained at first. */
    headEpochs: whole(0, 100_000),
    /** Learning rate of each stage as a share of the following one's. */
    stageRate: v.pipe(share, v.gtValue(0, 'must be above 0')),
    /** Stages, from the stem on, that stay as they are, their statistics too: 0 none, 1 the stem, 2 the stem and stage 1, ...; `backbone` all but the head. */
    frozen: v.union([whole(0, 16), v.literal('backbone')], 'must be a number of stages or backbone'),
    /** Augmented copies of each picture, in the place of a new one in each epoch, whose features by the frozen stages are computed once. */
    copies: whole(1, 1000),
  }),
})

/**
 * All settings of a training but its data, as one JSON value.
 *
 * @useDeclaredType
 */
export type Recipe = v.InferOutput<typeof recipeSchema>

/**
 * Reads a recipe from outside.
 *
 * @throws ConfigError that names the field.
 */
export function parseRecipe(value: unknown): Recipe {
  const recipe = parsed(recipeSchema, value, { name: 'recipe', of: 'a recipe' })
  const { microBatch, batch } = recipe
  if (microBatch !== null && microBatch < batch && batch % microBatch !== 0)
    throw new ConfigError('microBatch', `must divide the batch of ${batch}, not be ${microBatch}`)
  return recipe
}
