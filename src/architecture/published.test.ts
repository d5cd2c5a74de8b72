/** The preprocessing of every row, compared with what the networks' own packages say of their published weights. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { isVariantName, publishedPreprocessing, variantNamed, variants } from './variants.ts'

interface TimmRow {
  readonly mean: readonly number[]
  readonly std: readonly number[]
  readonly interpolation: string
  readonly crop_pct: number
  readonly input_size: number
}

/** Written by `scripts/fixtures/timm_preprocessing.py`. */
const { rows }: { readonly rows: Readonly<Record<string, TimmRow>> } = JSON.parse(
  readFileSync(new URL('../../fixtures/timm-preprocessing.json', import.meta.url), 'utf8'),
)
const timm = variants().filter(({ source, name }) => source.includes('timm') || Object.hasOwn(rows, name))
const tagged = Object.keys(rows).filter((name) => name.includes('.') && isVariantName(name))
const ofTimm = variants().filter(({ source }) => source === 'huggingface/pytorch-image-models')

describe("timm's networks", () => {
  test('are all compared', () => {
    expect(ofTimm.filter(({ name }) => !Object.hasOwn(rows, name)).map(({ name }) => name)).toEqual([])
    expect(timm.length).toBeGreaterThan(90)
  })

  test('have all their tags compared', () => {
    expect(Object.keys(rows).filter((name) => !isVariantName(name))).toEqual([])
    expect(tagged.length).toBeGreaterThan(150)
  })

  test.each([...timm.map(({ name }) => name), ...tagged])('%s is fed as its pretrained_cfg says', (name) => {
    const variant = variantNamed(name)
    const row = rows[name]
    const side = row?.input_size ?? 0
    expect(publishedPreprocessing(variant, variant.config.input)).toEqual({
      channels: 'rgb',
      divisor: 255,
      mean: row?.mean,
      std: row?.std,
      resize: { kind: 'short-side', size: Math.floor(side / (row?.crop_pct ?? 1)) },
      crop: [side, side],
      interpolation: row?.interpolation,
    })
  })
})

/** torchvision's `ImageClassification` presets and Keras' `imagenet_utils.preprocess_input`, by the packages that claim them. */
test.each([
  [
    'pytorch/vision',
    {
      channels: 'rgb',
      divisor: 255,
      mean: [0.485, 0.456, 0.406],
      std: [0.229, 0.224, 0.225],
      interpolation: 'bilinear',
      crop: [224, 224],
      resize: { kind: 'short-side', size: 256 },
    },
  ],
  [
    'keras-team/keras applications/resnet.py',
    { channels: 'bgr', divisor: 1, mean: [103.939, 116.779, 123.68], std: [1, 1, 1] },
  ],
  [
    'keras-team/keras applications/resnet_v2.py',
    { channels: 'rgb', divisor: 127.5, mean: [1, 1, 1], std: [1, 1, 1] },
  ],
])('the networks of %s are fed as it feeds them', (source, expected) => {
  const found = variants().filter((variant) => variant.source === source)
  expect(found.length).toBeGreaterThan(2)
  for (const variant of found)
    expect(publishedPreprocessing(variant, variant.config.input)).toMatchObject(expected)
})

/** `Weights.transforms()` of torchvision 0.14: what the short side is resized to. */
describe("torchvision's weights", () => {
  const twice =
    'ResNet50 ResNet101 ResNet152 ResNeXt50_32X4D ResNeXt101_32X8D Wide_ResNet50_2 Wide_ResNet101_2'
  const resized: readonly (readonly [string, number])[] = [
    ...[...twice.split(' '), 'MobileNet_V2'].flatMap((name) => [
      [`${name}_Weights.IMAGENET1K_V1`, 256] as const,
      [`${name}_Weights.IMAGENET1K_V2`, 232] as const,
      [`${name}_Weights.DEFAULT`, 232] as const,
    ]),
    ...['ResNet18', 'ResNet34'].flatMap((name) => [
      [`${name}_Weights.IMAGENET1K_V1`, 256] as const,
      [`${name}_Weights.DEFAULT`, 256] as const,
    ]),
    ['ResNeXt101_64X4D_Weights.IMAGENET1K_V1', 232],
    ['ResNeXt101_64X4D_Weights.DEFAULT', 232],
  ]

  test.each(resized)('%s see 224 of %i', (name, size) => {
    const variant = variantNamed(name)
    expect(publishedPreprocessing(variant, variant.config.input)).toMatchObject({
      mean: [0.485, 0.456, 0.406],
      interpolation: 'bilinear',
      crop: [224, 224],
      resize: { size },
    })
  })
})
