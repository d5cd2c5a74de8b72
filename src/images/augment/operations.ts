/** The operations of AutoAugment (arXiv:1805.09501, table 6) and RandAugment, and how far each goes. */
import type { Picture } from '../picture.ts'
import { saturation, sharpness } from './blend.ts'
import type { Random } from './random.ts'
import { rotate, shearX, shearY, translateX, translateY } from './shape.ts'
import { autocontrast, brightness, contrast, equalize, invert, posterize, solarize } from './tones.ts'

/** Changes a picture; `strength` 1 is the end of the paper's range, in a random one of two directions where there are two. */
type Operation = (picture: Picture, strength: number, random: Random) => Picture

const eitherWay = (random: Random) => (random.chance(0.5) ? 1 : -1)

/** 1 is as it is; 0.1 and 1.9 are the ends. */
const enhanced =
  (change: (picture: Picture, factor: number) => Picture): Operation =>
  (picture, strength, random) =>
    change(picture, Math.max(0.1, 1 + eitherWay(random) * 0.9 * strength))

/** 150 of the 331 pixels that the paper's networks see. */
const shift = (size: number, strength: number) => Math.trunc((150 / 331) * size * strength)

export const operations = {
  identity: (picture) => picture,
  shearX: (picture, strength, random) => shearX(picture, eitherWay(random) * 0.3 * strength),
  shearY: (picture, strength, random) => shearY(picture, eitherWay(random) * 0.3 * strength),
  translateX: (picture, strength, random) =>
    translateX(picture, eitherWay(random) * shift(picture.width, strength)),
  translateY: (picture, strength, random) =>
    translateY(picture, eitherWay(random) * shift(picture.height, strength)),
  rotate: (picture, strength, random) => rotate(picture, eitherWay(random) * 30 * strength),
  autocontrast: (picture) => autocontrast(picture),
  invert: (picture) => invert(picture),
  equalize: (picture) => equalize(picture),
  solarize: (picture, strength) => solarize(picture, 256 * (1 - Math.min(1, strength))),
  posterize: (picture, strength) => posterize(picture, Math.max(1, 8 - Math.round(4 * strength))),
  contrast: enhanced(contrast),
  color: enhanced(saturation),
  brightness: enhanced(brightness),
  sharpness: enhanced(sharpness),
} as const satisfies Readonly<Record<string, Operation>>

export type OperationName = keyof typeof operations
