/** AutoAugment (arXiv:1805.09501) and RandAugment (arXiv:1909.13719): a few operations drawn for each picture. */
import type { Picture } from '../picture.ts'
import { type OperationName, operations } from './operations.ts'
import { policies } from './policies.ts'
import type { Random } from './random.ts'
import type { Augmentation } from './settings.ts'

type Policy = NonNullable<Augmentation['policy']>

/** The magnitudes at which operations reach the end of their range: the last of AutoAugment's ten, and ten of RandAugment's, which may go on. */
const ends = { 'auto-augment': 9, 'rand-augment': 10 } as const

/** RandAugment's fourteen: all but invert. */
const drawn = [
  'identity',
  'autocontrast',
  'equalize',
  'rotate',
  'solarize',
  'color',
  'posterize',
  'contrast',
  'brightness',
  'sharpness',
  'shearX',
  'shearY',
  'translateX',
  'translateY',
] as const satisfies readonly OperationName[]

export function applyPolicy(picture: Picture, policy: Policy, random: Random): Picture {
  return policy.kind === 'auto-augment'
    ? autoAugmented(picture, policy, random)
    : randAugmented(picture, policy, random)
}

function autoAugmented(
  picture: Picture,
  { learnedOn, kind }: Extract<Policy, { kind: 'auto-augment' }>,
  random: Random,
): Picture {
  const steps = policies[learnedOn][random.integer(policies[learnedOn].length)] ?? []
  let changed = picture
  for (const [operation, probability, magnitude] of steps) {
    if (random.chance(probability)) changed = operations[operation](changed, magnitude / ends[kind], random)
  }
  return changed
}

function randAugmented(
  picture: Picture,
  { operations: count, magnitude, kind }: Extract<Policy, { kind: 'rand-augment' }>,
  random: Random,
): Picture {
  let changed = picture
  for (let i = 0; i < count; i++) {
    const operation = drawn[random.integer(drawn.length)] ?? 'identity'
    changed = operations[operation](changed, magnitude / ends[kind], random)
  }
  return changed
}
