/** The usual values of a recipe's fields that only some kinds have, or that may be null: what `--set schedule.kind=cosine` brings along. */
import type { Part, UsualFields } from '../architecture/replace.ts'
import type { Recipe } from './recipe.ts'

const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }

const optimiser: UsualFields<Recipe['optimiser']> = {
  sgd: { momentum: 0.9, nesterov: true },
  lars: { momentum: 0.9, trust: 0.001 },
  adamw: adam,
  lamb: { ...adam, epsilon: 1e-6 },
}

const schedule: UsualFields<Recipe['schedule']> = {
  constant: {},
  steps: { after: [30, 60, 90], factor: 0.1 },
  cosine: { end: 0 },
  linear: { end: 0 },
  'one-cycle': { start: 0.1, rise: 0.3, end: 0 },
}

const crop: UsualFields<Recipe['augmentation']['crop']> = {
  centre: {},
  pad: { padding: 4, fill: 'zero' },
  'random-resized': { area: [0.08, 1], ratio: [3 / 4, 4 / 3] },
}

const policy: UsualFields<NonNullable<Recipe['augmentation']['policy']>> = {
  'auto-augment': { learnedOn: 'imagenet' },
  'rand-augment': { operations: 2, magnitude: 9 },
}

/** Every part of a recipe whose fields depend on its kind, or that may be null. */
export const recipeParts: readonly Part[] = [
  { at: 'optimiser', kinds: optimiser, kept: ['momentum', 'beta1', 'beta2'] },
  { at: 'schedule', kinds: schedule, kept: ['end'] },
  { at: 'augmentation.crop', kinds: crop, kept: [] },
  { at: 'augmentation.policy', kinds: policy, kept: [] },
  { at: 'augmentation.jitter', fields: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0 } },
  { at: 'augmentation.erasing', fields: { probability: 0.25, area: [0.02, 1 / 3], ratio: [0.3, 10 / 3] } },
  { at: 'warmUp', fields: { epochs: 5, from: 0 } },
  { at: 'distillation', fields: { weight: 0.5, temperature: 20 } },
]
