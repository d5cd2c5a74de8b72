/**
 * How timm's published weights see pictures where it is not the usual 224 of 256, bicubic, by ImageNet's statistics: the
 * rows of `pretrained_cfg` of the weights that a name stands for. A test compares all of them.
 */
import type { PreprocessingName } from '../preprocessing.ts'
import type { Published, Variant } from './base.ts'

const sides: readonly (readonly [side: number, share: number, names: string])[] = [
  [160, 0.91, 'resnetrs50'],
  [192, 0.94, 'resnetrs101'],
  [224, 0.9, 'resnetv2_18 resnetv2_18d resnetv2_34 resnetv2_34d'],
  [224, 0.94, 'resnet50_gn'],
  [
    224,
    0.95,
    'seresnet50 seresnext101_32x8d seresnext101d_32x8d resnetaa50 resnetaa50d resnetaa101d resnetv2_50 resnetv2_101 resnetv2_50d_gn',
  ],
  [256, 0.875, 'seresnet200d seresnet269d ecaresnet26t ecaresnet50t'],
  [256, 0.94, 'resnet26t'],
  [256, 0.95, 'resnet101d resnet152d resnet200d seresnet152d ecaresnet200d'],
  [256, 1, 'resnetrs152 resnetrs200 resnetrs270'],
  [288, 0.95, 'seresnextaa101d_32x8d'],
  [288, 1, 'resnetrs350'],
  [320, 0.95, 'ecaresnet269d'],
  [320, 1, 'resnetrs420'],
  [448, 1, 'resnetv2_50x3_bit resnetv2_101x1_bit resnetv2_101x3_bit'],
  [480, 1, 'resnetv2_152x4_bit'],
]

const ways: readonly (readonly [PreprocessingName, names: RegExp])[] = [
  ['torch-imagenet', /^(legacy_(?!seresnet18$)|resnext101_32x(4|16|32)d$)/],
  ['half-imagenet-bilinear', /^resnetv2_(50x3|101x1|101x3|152x4)_bit$/],
  ['half-imagenet', /^resnetv2_/],
]

const published: ReadonlyMap<string, Published> = new Map(
  sides.flatMap(([side, share, names]) => names.split(' ').map((name) => [name, [side, share]] as const)),
)

/** A row of timm's with the preprocessing of its published weights. */
export function asPublished(variant: Variant): Variant {
  const own = published.get(variant.name)
  const [way] = ways.find(([, names]) => names.test(variant.name)) ?? []
  return {
    ...variant,
    ...(way === undefined ? {} : { preprocessing: way }),
    ...(own === undefined ? {} : { published: own }),
  }
}
