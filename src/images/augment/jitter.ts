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
  const enhancing = (change: (picture: Picture, factor: number) => Picture, strength: number) => ({
    strength,
    change: (of: Picture) => change(of, random.between(Math.max(0, 1 - strength), 1 + strength)),
  })
  const turning = (strength: number) => ({
    strength,
    change: (of: Picture) => hue(of, random.between(-strength, strength)),
  })
  const changes = [
    enhancing(brightness, strengths.brightness),
    enhancing(contrast, strengths.contrast),
    enhancing(saturation, strengths.saturation),
    turning(strengths.hue),
  ].filter(({ strength }) => strength > 0)
  let changed = picture
  while (changes.length > 0) {
    const [next] = changes.splice(random.integer(changes.length), 1)
    if (next !== undefined) changed = next.change(changed)
  }
  return changed
}
