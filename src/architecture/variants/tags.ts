/**
 * How weights that are named with their training see pictures, where that is not as the network's own row says: timm's tags
 * (`resnet50.a1_in1k`; `default_cfgs` of timm/models) and torchvision's weights (`ResNet50_Weights.IMAGENET1K_V2`). A test
 * compares all of them.
 */
import type { PreprocessingName } from '../preprocessing.ts'
import type { Published } from './base.ts'

/** How weights see pictures. */
export interface Seen {
  readonly preprocessing?: PreprocessingName
  readonly published?: Published
}

const bilinear = 'torch-imagenet'
const bicubic = 'torch-imagenet-bicubic'
const half = 'half-imagenet'
const halfBilinear = 'half-imagenet-bilinear'

/** By network and tag; the first that fits counts. What is not here is seen as the network's own row says. */
const rows: readonly (readonly [name: RegExp, PreprocessingName, side: number, share: number])[] = [
  // torchvision's; its DEFAULT is the second training where there is one.
  [/^resnext101_64x4d\.(imagenet1k_v1|default)$/, bilinear, 224, 224 / 232],
  [/^resnet(18|34)\.default$/, bilinear, 224, 0.875],
  [/\.imagenet1k_v1$/, bilinear, 224, 0.875],
  [/\.(imagenet1k_v2|default)$/, bilinear, 224, 224 / 232],
  // Networks whose weights were tuned apart from the others of their tag.
  [/^resnet50\.a1h_in1k$/, bicubic, 176, 0.9],
  [/^resnet50_gn\.a1h_in1k$/, bicubic, 224, 0.94],
  [/^seresnet50\.ra2_in1k$/, bicubic, 224, 0.875],
  [/^resnet50d\.ra4_e3600_r224_in1k$/, half, 224, 0.95],
  [/^seresnextaa101d_32x8d\.sw_in12k$/, bicubic, 224, 0.95],
  [/^seresnextaa101d_32x8d\.sw_in12k_ft_in1k$/, bicubic, 224, 0.875],
  // Networks that see values from −1 to 1.
  [/^resnetv2_.*\.(a1h|ah)_in1k$/, half, 224, 0.95],
  [/^resnetv2_.*\.ra4_e3600_r384_in1k$/, half, 384, 1],
  [/^resnetv2_.*\.goog_teacher_in21k_ft_in1k_384$/, half, 384, 1],
  [/^resnetv2_152x4_bit\.goog_in21k_ft_in1k$/, halfBilinear, 480, 1],
  [/^resnetv2_.*\.goog_in21k_ft_in1k$/, halfBilinear, 448, 1],
  [/^resnetv2_.*\.goog_in21k$/, halfBilinear, 224, 0.875],
  [/^densenet\d+\.tv_in1k$/, bicubic, 224, 0.875],
  // All others of a tag.
  [/\.(tv|fb_ssl|fb_swsl|fb_wsl)_/, bilinear, 224, 0.875],
  [/\.tv2_/, bilinear, 176, 0.875],
  [/\.a3_in1k$/, bicubic, 160, 0.95],
  [/\.(a1|a2|a1h|b1k|b2k|c1|c2|d|ah)_in1k$/, bicubic, 224, 0.95],
  [/\.(bt|ra|ram|am|racm|gluon|miil)_in1k$/, bicubic, 224, 0.875],
]

/** How the weights of a network's tag see pictures: nothing where it is as the row says. */
export function seenUnder(network: string, tag: string): Seen {
  const row = rows.find(([name]) => name.test(`${network}.${tag}`))
  if (row === undefined) return {}
  const [, preprocessing, side, share] = row
  return { preprocessing, published: [side, share] }
}
