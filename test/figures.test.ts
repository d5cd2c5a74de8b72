/**
 * Parameters and multiply-adds to the unit: what timm and torchvision count for their networks, and what follows from the
 * papers' tables. Fixed filters (blur, average) are not counted; what they cost more is in the convolutions before them.
 */
import { describe, expect, test } from 'vitest'
import { totalsOf } from '../src/analysis/summary.ts'
import { buildResNet } from '../src/architecture/build.ts'
import { config } from '../src/architecture/variants.ts'

/** Name, input size, parameters, multiply-adds of one image. */
const counted: readonly (readonly [string, number, number, number])[] = [
  ['resnet10t', 176, 5_435_488, 698_688_000],
  ['resnet14t', 176, 10_081_632, 1_067_618_816],
  ['resnet18', 224, 11_689_512, 1_814_073_344],
  ['resnet18d', 224, 11_708_744, 2_053_713_920],
  ['resnet34', 224, 21_797_672, 3_663_761_408],
  ['resnet34d', 224, 21_816_904, 3_903_401_984],
  ['resnet26', 224, 15_995_176, 2_342_256_640],
  ['resnet26d', 224, 16_014_408, 2_581_897_216],
  ['resnet26t', 256, 16_011_872, 3_330_359_296],
  ['resnet50', 224, 25_557_032, 4_089_184_256],
  ['resnet50c', 224, 25_576_264, 4_328_824_832],
  ['resnet50d', 224, 25_576_264, 4_328_824_832],
  ['resnet50s', 224, 25_680_808, 5_444_337_664],
  ['resnet50t', 224, 25_573_728, 4_297_213_952],
  ['resnet50_gn', 224, 25_557_032, 4_089_184_256],
  ['resnet101', 224, 44_549_160, 7_801_405_440],
  ['resnet101c', 224, 44_568_392, 8_041_046_016],
  ['resnet101d', 224, 44_568_392, 8_041_046_016],
  ['resnet101d', 256, 44_568_392, 10_501_963_776],
  ['resnet101s', 224, 44_672_936, 9_156_558_848],
  ['resnet152', 224, 60_192_808, 11_513_626_624],
  ['resnet152c', 224, 60_212_040, 11_753_267_200],
  ['resnet152d', 224, 60_212_040, 11_753_267_200],
  ['resnet152d', 256, 60_212_040, 15_350_579_200],
  ['resnet152s', 224, 60_316_584, 12_868_780_032],
  ['resnet200', 224, 64_673_832, 15_007_481_856],
  ['resnet200d', 224, 64_693_064, 15_247_122_432],
  ['resnet200d', 256, 64_693_064, 19_913_981_952],
  ['wide_resnet50_2', 224, 68_883_240, 11_398_021_120],
  ['wide_resnet101_2', 224, 126_886_696, 22_753_050_624],
  ['resnext50_32x4d', 224, 25_028_904, 4_230_479_872],
  ['resnext50d_32x4d', 224, 25_048_136, 4_470_120_448],
  ['resnext101_32x4d', 224, 44_177_704, 7_969_996_800],
  ['resnext101_32x8d', 224, 88_791_336, 16_414_015_488],
  ['resnext101_64x4d', 224, 83_455_272, 15_460_270_080],
  ['seresnet18', 224, 11_779_624, 1_814_161_408],
  ['seresnet34', 224, 21_960_416, 3_663_920_128],
  ['seresnet50', 224, 28_088_024, 4_091_699_200],
  ['seresnet101', 224, 49_326_872, 7_806_148_608],
  ['seresnet152', 224, 66_821_848, 11_520_204_800],
  ['seresnet152d', 256, 66_841_080, 15_357_157_376],
  ['seresnext26d_32x4d', 224, 16_809_512, 2_711_740_416],
  ['seresnext50_32x4d', 224, 27_559_896, 4_232_994_816],
  ['seresnext101_32x4d', 224, 48_955_416, 7_974_739_968],
  ['senet154', 224, 115_088_984, 20_688_363_520],
  ['ecaresnet26t', 256, 16_011_916, 3_330_405_888],
  ['ecaresnetlight', 224, 30_162_046, 4_089_287_424],
  ['ecaresnet50d', 224, 25_576_350, 4_328_912_640],
  ['ecaresnet50t', 256, 25_573_814, 5_612_148_480],
  ['ecaresnet101d', 224, 44_568_563, 8_041_220_864],
  ['ecaresnet269d', 320, 102_093_077, 41_364_716_288],
  ['resnetblur18', 224, 11_689_512, 2_334_298_112],
  ['resnetblur50', 224, 25_557_032, 5_129_633_792],
  ['resnetaa50', 224, 25_557_032, 5_129_633_792],
  ['resnetaa50d', 224, 25_576_264, 5_369_274_368],
  ['resnetaa101d', 224, 44_568_392, 9_081_495_552],
  ['seresnextaa101d_32x8d', 224, 93_588_280, 17_178_624_000],
  ['resnetrs50', 160, 35_691_912, 2_278_629_376],
  ['resnetrs50', 224, 35_691_912, 4_454_490_112],
  ['resnetrs101', 192, 63_618_696, 6_012_157_952],
  ['resnetrs152', 256, 86_621_576, 15_527_886_848],
  ['resnetrs200', 256, 93_209_992, 20_093_386_752],
  ['resnetrs270', 256, 129_861_448, 26_950_189_056],
  ['resnetrs350', 288, 163_956_168, 43_493_793_792],
  ['resnetrs420', 320, 191_891_656, 63_942_344_704],
  ['skresnet18', 224, 11_958_056, 1_814_337_536],
  ['skresnet34', 224, 22_282_376, 3_664_237_568],
  ['skresnext50_32x4d', 224, 27_479_784, 4_462_710_784],
  ['resnetv2_18', 224, 11_687_720, 1_814_073_344],
  ['resnetv2_34', 224, 21_795_880, 3_663_761_408],
  ['resnetv2_50', 224, 25_549_352, 4_089_184_256],
  ['resnetv2_50d', 224, 25_568_584, 4_328_824_832],
  ['resnetv2_101', 224, 44_541_480, 7_801_405_440],
  ['resnetv2_152', 224, 60_185_128, 11_513_626_624],
  ['resnetv2_50x1_bit', 224, 25_549_352, 4_089_184_256],
  ['resnetv2_50x3_bit', 224, 217_319_080, 36_082_286_592],
  ['resnetv2_101x1_bit', 224, 44_541_480, 7_801_405_440],
  ['resnetv2_101x3_bit', 224, 387_934_888, 69_492_277_248],
  ['resnetv2_152x2_bit', 224, 236_335_208, 45_814_382_592],
  ['resnetv2_152x4_bit', 224, 936_533_224, 182_777_282_560],
  ['resnetv2_50x1_bit', 448, 25_549_352, 16_350_593_024],
  ['resnetv2_101x1_bit', 448, 44_541_480, 31_199_477_760],
  ['mobilenetv2_100', 224, 3_504_872, 300_774_272],
  ['densenet121', 224, 7_978_856, 2_834_161_664],
]

describe('networks of torchvision and timm', () => {
  test.each(counted)('%s at %i has %i parameters and %i multiply-adds', (name, size, parameters, macs) => {
    expect(totalsOf(buildResNet({ ...config(name), input: [size, size] }))).toMatchObject({
      parameters,
      macs,
    })
  })
})

/** Name and parameters. */
const papers: readonly (readonly [string, number])[] = [
  ['plain18', 11_515_688],
  ['plain34', 21_623_848],
  ['resnet18_a', 11_515_688],
  ['resnet34_a', 21_623_848],
  ['resnet34_c', 22_716_840],
  ['resnet50_v1', 25_557_032],
  ['resnet50_c', 40_128_552],
  ['resnet50_caffe', 25_557_096],
  ['resnet101_caffe', 44_549_160],
  ['resnet152_caffe', 60_192_808],
  ['resnet20', 269_722],
  ['resnet32', 464_154],
  ['resnet44', 658_586],
  ['resnet56', 853_018],
  ['resnet110', 1_727_962],
  ['resnet1202', 19_421_274],
  ['cifar_plain20', 269_722],
  ['cifar_resnet110_conv_shortcut', 1_826_202],
  ['preact_resnet18', 11_687_720],
  ['preact_resnet34', 21_795_880],
  ['preact_resnet50', 25_549_352],
  ['preact_resnet101', 44_541_480],
  ['preact_resnet152', 60_185_128],
  ['preact_resnet200', 64_666_152],
  ['cifar_preact_resnet110', 1_727_962],
  ['cifar_preact_resnet164', 1_703_258],
  ['cifar_preact_resnet1001', 10_327_706],
  ['cifar_resnet164', 1_704_154],
  ['wrn_40_1', 563_930],
  ['wrn_40_2', 2_243_546],
  ['wrn_40_4', 8_949_210],
  ['wrn_40_8', 35_748_314],
  ['wrn_28_10', 36_479_194],
  ['wrn_28_12', 52_517_850],
  ['wrn_22_8', 17_158_106],
  ['wrn_22_10', 26_797_914],
  ['wrn_16_8', 10_961_370],
  ['wrn_16_10', 17_116_634],
  ['wrn_16_4', 2_748_890],
  ['wrn_52_1', 758_362],
  ['wrn_40_10', 55_841_754],
]

describe('networks of the papers', () => {
  test.each(papers)('%s has %i parameters', (name, parameters) => {
    expect(totalsOf(buildResNet(config(name))).parameters).toBe(parameters)
  })

  test.each([
    ['resnet50_v1', 3.858],
    ['resnet101_v1', 7.57],
    ['resnet152_v1', 11.282],
    ['plain34', 3.644],
    ['resnet34_c', 3.831],
    ['resnet50_c', 6.324],
    ['preact_resnet200', 15.007],
  ])('%s costs %d thousand million multiply-adds', (name, billions) => {
    expect(totalsOf(buildResNet(config(name))).macs / 1e9).toBeCloseTo(billions, 3)
  })
})

/** Depth, then what v1b, the deep stem of 32 and that of 64 cost: parameters and multiply-adds. */
const gluon = [
  [50, [25_557_032, 4_089_184_256], [25_576_264, 4_328_824_832], [25_680_808, 5_444_337_664]],
  [101, [44_549_160, 7_801_405_440], [44_568_392, 8_041_046_016], [44_672_936, 9_156_558_848]],
  [152, [60_192_808, 11_513_626_624], [60_212_040, 11_753_267_200], [60_316_584, 12_868_780_032]],
] as const

describe("Gluon's networks, by the article's words and by Gluon's names", () => {
  const totals = (name: string) => {
    const { parameters, macs } = totalsOf(buildResNet(config(name)))
    return [parameters, macs]
  }
  test.each(gluon)('v1b, v1c, v1d, v1e and v1s of depth %i cost what is published', (depth, b, c, s) => {
    // D moves a stride and E and S share their stem, so that C and D, E and S cost the same.
    const published = { v1b: b, v1c: c, v1d: c, v1e: s, v1s: s }
    for (const [version, figures] of Object.entries(published)) {
      expect(totals(`resnet${depth}_${version}`), version).toEqual(figures)
      expect(totals(`gluon_resnet${depth}_${version}`), version).toEqual(figures)
    }
  })
})

describe('depth', () => {
  test.each([
    ['resnet18', 18],
    ['resnet50', 50],
    ['resnet152', 152],
    ['plain34', 34],
    ['resnet20', 20],
    ['resnet1202', 1202],
    ['cifar_preact_resnet1001', 1001],
    ['seresnet50', 50],
    ['densenet121', 121],
    ['skresnet18', 18],
  ])('%s has %i weighted layers', (name, depth) => {
    expect(totalsOf(buildResNet(config(name))).depth).toBe(depth)
  })
})
