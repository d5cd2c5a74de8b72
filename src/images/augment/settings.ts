/** What happens to training pictures, as JSON values: each field is one published augmentation. */
import * as v from 'valibot'
import { between, whole } from '../../architecture/schema.ts'

const share = between(0, 1)
const positive = v.pipe(
  v.number('must be a number above 0'),
  v.gtValue(0, 'must be a number above 0'),
  v.maxValue(1000, 'must be at most 1000'),
)
const strength = between(0, 2)
const range = (number: typeof share | typeof positive) =>
  v.pipe(
    v.strictTuple([number, number], 'must be a least and a greatest number'),
    v.check(([least, greatest]) => least <= greatest, 'must have the least number first'),
  )

export const augmentationSchema = v.strictObject({
  /**
   * `centre`: as for inference. `pad`: the inference crop with `padding` pixels around it, of which a piece of the crop's size is
   * taken at random (arXiv:1512.03385, section 4.2). `random-resized`: a piece of random area and proportions, resized
   * (Inception's, arXiv:1409.4842, section 6).
   */
  crop: v.variant('kind', [
    v.strictObject({ kind: v.literal('centre') }),
    v.strictObject({
      kind: v.literal('pad'),
      padding: whole(1, 1024),
      fill: v.picklist(['zero', 'reflect'], 'must be zero (black) or reflect'),
    }),
    v.strictObject({ kind: v.literal('random-resized'), area: range(share), ratio: range(positive) }),
  ]),
  /** Probability of mirroring left and right. */
  flip: share,
  /** Colour jitter: how far brightness, contrast and saturation go either way as a share, and hue as a share of the circle. */
  jitter: v.nullable(
    v.strictObject({ brightness: strength, contrast: strength, saturation: strength, hue: share }),
  ),
  /**
   * AutoAugment (arXiv:1805.09501) with one of its learned policies, or RandAugment (arXiv:1909.13719), whose operations
   * reach the end of AutoAugment's ranges at magnitude 10.
   */
  policy: v.nullable(
    v.variant('kind', [
      v.strictObject({
        kind: v.literal('auto-augment'),
        learnedOn: v.picklist(['imagenet', 'cifar10', 'svhn'], 'must be imagenet, cifar10 or svhn'),
      }),
      v.strictObject({
        kind: v.literal('rand-augment'),
        operations: whole(1, 16),
        magnitude: between(0, 30),
      }),
    ]),
  ),
  /** Random erasing (arXiv:1708.04896): probability, and the erased share of the area and its proportions. */
  erasing: v.nullable(v.strictObject({ probability: share, area: range(share), ratio: range(positive) })),
  /** Mixup (arXiv:1710.09412): the parameter of its beta distribution. */
  mixup: v.nullable(positive),
  /** CutMix (arXiv:1905.04899): the parameter of its beta distribution. With mixup, each batch takes one of the two. */
  cutMix: v.nullable(positive),
})

/**
 * What happens to training pictures.
 *
 * @useDeclaredType
 */
export type Augmentation = v.InferOutput<typeof augmentationSchema>
