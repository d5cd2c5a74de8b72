import { describe, expect, test } from 'vitest'
import { ConfigError } from '../../errors.ts'
import { aliases, aliasOf, config, publishedPreprocessing, variantNamed, variants } from '../variants.ts'

describe('names that people type', () => {
  test.each([
    ['plain20', 'cifar_plain20'],
    ['tv_resnet50', 'resnet50'],
    ['ssl_resnext101_32x8d', 'resnext101_32x8d'],
    ['swsl_resnet18', 'resnet18'],
    ['ig_resnext101_32x16d', 'resnext101_32x16d'],
    ['resnext101_32x8d_wsl', 'resnext101_32x8d'],
    ['gluon_seresnext50_32x4d', 'seresnext50_32x4d'],
    ['resnet50.a1_in1k', 'resnet50'],
    ['timm/resnet50.tv_in1k', 'resnet50'],
    ['microsoft/resnet-50', 'resnet50'],
    ['ResNet50', 'resnet50'],
    ['resnet_101', 'resnet101'],
    ['ResNet50_Weights.IMAGENET1K_V1', 'resnet50'],
    ['ResNet50V2', 'keras_resnet50v2'],
    ['mobilenet_v2', 'mobilenetv2_100'],
    ['resnet50_v1.5', 'resnet50'],
    ['WRN-28-10', 'wrn_28_10'],
    ['wideresnet_40_4', 'wrn_40_4'],
    ['se_resnet50', 'legacy_seresnet50'],
    ['preactresnet18', 'preact_resnet18'],
  ])('%s is %s', (typed, name) => {
    expect(variantNamed(typed).name).toBe(name)
    expect(variantNamed(typed).config).toEqual(config(name))
  })

  test.each([18, 34, 50, 101, 152])("the article's words are names at depth %i", (depth) => {
    for (const word of ['v1', 'v1b', 'v1c', 'v1d', 'v1e', 'v1s', 'v2']) {
      const { config: held } = variantNamed(`resnet${depth}_${word}`)
      expect(held.stem.kind).toBe(/v1[cdes]/.test(word) ? 'deep' : '7x7')
      expect(held.stem.width).toBe(/v1[es]/.test(word) ? 128 : 64)
      expect(held.shortcut).toMatchObject({ pool: /v1[de]/.test(word) ? 'average' : 'none' })
    }
  })

  test("weights of torchvision's and Facebook's are resized by the bilinear filter, timm's by the bicubic", () => {
    expect(variantNamed('resnet50.tv_in1k').preprocessing).toBe('torch-imagenet')
    expect(variantNamed('seresnet50').preprocessing).toBe('torch-imagenet-bicubic')
    expect(variantNamed('gluon_resnext50_32x4d').preprocessing).toBe('torch-imagenet-bicubic')
  })

  // [input_size, crop_pct, interpolation] of timm's default_cfgs, and torchvision's ImageClassification presets.
  test.each<[string, number, number, string]>([
    ['resnet50.a1_in1k', 224, 0.95, 'bicubic'],
    ['resnet50.a1h_in1k', 176, 0.9, 'bicubic'],
    ['timm/ResNet-50.a1h_in1k', 176, 0.9, 'bicubic'],
    ['resnet101.a1h_in1k', 224, 0.95, 'bicubic'],
    ['resnet50.a3_in1k', 160, 0.95, 'bicubic'],
    ['resnet50.tv_in1k', 224, 0.875, 'bilinear'],
    ['resnet152.tv2_in1k', 176, 0.875, 'bilinear'],
    ['resnet50.ra_in1k', 224, 0.875, 'bicubic'],
    ['resnet50.gluon_in1k', 224, 0.875, 'bicubic'],
    ['resnet50.fb_swsl_ig1b_ft_in1k', 224, 0.875, 'bilinear'],
    ['resnet50_gn.a1h_in1k', 224, 0.94, 'bicubic'],
    ['wide_resnet50_2.racm_in1k', 224, 0.875, 'bicubic'],
    ['ecaresnet50t.a1_in1k', 224, 0.95, 'bicubic'],
    ['ecaresnet50t.ra2_in1k', 256, 0.875, 'bicubic'],
    ['seresnet50.a3_in1k', 160, 0.95, 'bicubic'],
    ['resnext101_64x4d.c1_in1k', 224, 0.95, 'bicubic'],
    ['resnet50d.ra4_e3600_r224_in1k', 224, 0.95, 'bicubic'],
    ['resnetv2_34d.ra4_e3600_r384_in1k', 384, 1, 'bicubic'],
    ['seresnet50.ra2_in1k', 224, 0.875, 'bicubic'],
    ['seresnextaa101d_32x8d.sw_in12k_ft_in1k', 224, 0.875, 'bicubic'],
    ['seresnextaa101d_32x8d.sw_in12k', 224, 0.95, 'bicubic'],
    ['densenet121.tv_in1k', 224, 0.875, 'bicubic'],
    ['ResNet50_Weights.DEFAULT', 224, 224 / 232, 'bilinear'],
    ['ResNet18_Weights.DEFAULT', 224, 224 / 256, 'bilinear'],
    ['ResNet50_Weights.IMAGENET1K_V1', 224, 224 / 256, 'bilinear'],
    ['ResNet50_Weights.IMAGENET1K_V2', 224, 224 / 232, 'bilinear'],
  ])('%s sees pictures of %i at a share of %d, %s', (name, side, share, interpolation) => {
    const variant = variantNamed(name)
    expect(publishedPreprocessing(variant, variant.config.input)).toMatchObject({
      crop: [side, side],
      resize: { size: Math.floor(side / share) },
      interpolation,
    })
  })

  test('a tag keeps statistics that are not ImageNet\u2019s', () => {
    const variant = variantNamed('resnetv2_50.a1h_in1k')
    expect(publishedPreprocessing(variant, [224, 224])).toMatchObject({
      mean: [0.5, 0.5, 0.5],
      resize: { size: 235 },
      interpolation: 'bicubic',
    })
  })

  test('every alias names a network of the table, and is none itself', () => {
    const names = new Set(variants().map(({ name }) => name))
    for (const { name, of } of aliases()) {
      expect(names.has(of)).toBe(true)
      expect(names.has(name)).toBe(false)
    }
    expect(new Set(aliases().map(({ name }) => name)).size).toBe(aliases().length)
    expect(aliasOf('resnet50')).toBeUndefined()
  })

  test('near names are suggested, unrelated ones are not', () => {
    expect(() => variantNamed('resnet5O')).toThrow('did you mean resnet50?')
    expect(() => variantNamed('resnt101')).toThrow('did you mean resnet101?')
    for (const other of [
      'dla34',
      'vgg16',
      'efficientnet_b0',
      'vit_base',
      'convnext',
      'x',
      'constructor',
      'resnet50.weights.zip',
    ]) {
      expect(() => variantNamed(other)).toThrow(ConfigError)
      expect(() => variantNamed(other)).not.toThrow('did you mean')
    }
  })
})
