/** Colour jitter as torchvision's ColorJitter: each property by a random factor, in random order. */
import type { Picture } from '../picture.ts'
import { saturation } from './blend.ts'
import { hue } from './hue.ts'
import type { Random } from './random.ts'
import type { Augmentation } from './settings.ts'
import { brightness, contrast } from './tones.ts'

export function jittered(
  picture: Picture,
  strengths: NonNullable<Augmentation['jitter']>,
  random: Random,
): Picture {
  const factor = (strength: number) => random.between(Math.max(0, 1 - strength), 1 + strength)
  const changes = [
    { strength: strengths.brightness, change: (p: Picture) => brightness(p, factor(strengths.brightness)) },
    { strength: strengths.contrast, change: (p: Picture) => contrast(p, factor(strengths.contrast)) },
    { strength: strengths.saturation, change: (p: Picture) => saturation(p, factor(strengths.saturation)) },
    {
      strength: strengths.hue,
      change: (p: Picture) => hue(p, random.between(-strengths.hue, strengths.hue)),
    },
  ].filter(({ strength }) => strength > 0)
  let changed = picture
  while (changes.length > 0) {
    const [next] = changes.splice(random.integer(changes.length), 1)
    if (next !== undefined) changed = next.change(changed)
  }
  return changed
}
