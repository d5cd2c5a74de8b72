import { describe, expect, test } from 'vitest'
import { checkpointOf } from '../../test/checkpoint.ts'
import { preprocessingNamed } from '../architecture/preprocessing.ts'
import { sourceOfBytes } from './bytes.ts'
import type { Checkpoint, KerasLayer } from './checkpoint.ts'
import { plainJson } from './formats/json.ts'
import { preparationOf } from './preparation.ts'
import { takeStatistics, withoutStatistics } from './statistics.ts'

const usual = { preprocessing: preprocessingNamed('caffe-imagenet'), from: 'assumed' }
const extrasOf = (value: object) =>
  new Map(Object.entries(value).map(([key, entry]) => [key, plainJson(entry)]))
const beside = (name: string, value: object) => async (asked: string) =>
  asked === name ? sourceOfBytes(name, Buffer.from(JSON.stringify(value))) : undefined

async function prepare(checkpoint: Checkpoint, channels = 3) {
  const { statistics, rest } = await takeStatistics(checkpoint)
  return preparationOf(rest, { usual, channels, statistics })
}

const layer = (className: string, config: KerasLayer['config'] = {}): KerasLayer => ({
  name: className.toLowerCase(),
  className,
  config,
  inputs: [],
})
const graphOf = (...layers: readonly KerasLayer[]) =>
  checkpointOf([], { topology: { layers: [layer('InputLayer'), ...layers, layer('Conv2D')] } })

describe('who says how pictures are prepared', () => {
  test('nobody: what is usual is taken', async () => {
    expect(await prepare(checkpointOf([]))).toEqual({ ...usual, notes: [] })
  })

  test('settings in the file go before files beside it, and say only what they say', async () => {
    const checkpoint = checkpointOf([], {
      extras: extrasOf({ args: { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] } }),
      beside: beside('config.json', {
        pretrained_cfg: {
          mean: [0, 0, 0],
          std: [1, 1, 1],
          input_size: [3, 288, 288],
          crop_pct: 0.95,
          interpolation: 'bicubic',
        },
      }),
    })
    const { preprocessing, from } = await prepare(checkpoint)
    expect(preprocessing).toMatchObject({
      divisor: 255,
      mean: [0.5, 0.5, 0.5],
      std: [0.25, 0.25, 0.25],
      crop: [288, 288],
      resize: { kind: 'short-side', size: 303 },
      interpolation: 'bicubic',
    })
    expect(from).toBe(
      'colours: mean and std in args in the file; size, interpolation: pretrained_cfg in config.json beside it',
    )
  })

  test.each([
    [
      { size: 224, crop_pct: 0.875, feature_extractor_type: 'ConvNextFeatureExtractor' },
      { crop: [224, 224], resize: { kind: 'short-side', size: 256 } },
    ],
    [
      { size: { shortest_edge: 384 }, crop_pct: 1, image_processor_type: 'ConvNextImageProcessor' },
      { crop: [384, 384], resize: { kind: 'squash', size: 384 } },
    ],
    [
      { size: { height: 128, width: 128 }, image_processor_type: 'ViTImageProcessor' },
      { crop: [128, 128], resize: { kind: 'squash', size: 128 } },
    ],
    [
      { size: { shortest_edge: 256 }, do_center_crop: true, crop_size: { height: 224, width: 224 } },
      { crop: [224, 224], resize: { kind: 'short-side', size: 256 } },
    ],
    [{ size: 96 }, { crop: [96, 96], resize: { kind: 'squash', size: 96 } }],
    [{ do_resize: false }, { crop: [224, 224] }],
    [{ resample: 3 }, { interpolation: 'bicubic' }],
    [{ rescale_factor: 1 / 127.5 }, { divisor: 127.5, mean: [0.485, 0.456, 0.406] }],
    [
      { do_rescale: false, do_normalize: false },
      { divisor: 1, mean: [0, 0, 0], std: [1, 1, 1] },
    ],
  ])("Hugging Face's %j", async (settings, expected) => {
    const { preprocessing } = await prepare(
      checkpointOf([], {
        beside: beside('preprocessor_config.json', {
          do_normalize: true,
          image_mean: [0.485, 0.456, 0.406],
          image_std: [0.229, 0.224, 0.225],
          ...settings,
        }),
      }),
    )
    expect(preprocessing).toMatchObject({ channels: 'rgb', ...expected })
  })

  test.each([
    ['normalize.mean', 'normalize.std', [0.485, 0.456, 0.406], 255, 'rgb'],
    ['module.image_mean', 'module.image_std', [0.485, 0.456, 0.406], 255, 'rgb'],
    ['pixel_mean', 'pixel_std', [103.53, 116.28, 123.675], 1, 'bgr'],
    ['0.mean', '0.std', [0.4, 0.5, 0.6], 255, 'bgr'],
  ])('%s and %s among the tensors', async (mean, std, values, divisor, channels) => {
    const checkpoint = checkpointOf(
      [
        [mean, [1, 3, 1, 1]],
        [std, [1, 3, 1, 1]],
        ['fc.weight', [2, 2]],
      ],
      { value: (name, i) => (name === mean ? (values[i] ?? 0) : 0.25) },
    )
    expect([...withoutStatistics(checkpoint).tensors.keys()]).toEqual(['fc.weight'])
    const { preprocessing, from } = await prepare(checkpoint)
    expect(preprocessing).toMatchObject({ mean: values, std: [0.25, 0.25, 0.25], divisor, channels })
    expect(from).toContain(`${mean} and ${std} among the file's tensors`)
  })

  test('running statistics are none of pictures', () => {
    const checkpoint = checkpointOf([
      ['bn1.mean', [64]],
      ['bn1.std', [64]],
      ['bn1.running_mean', [3]],
    ])
    expect(withoutStatistics(checkpoint)).toBe(checkpoint)
  })

  test.each([
    [[layer('Rescaling', { scale: 1 / 255 })], { divisor: 255, mean: [0, 0, 0], std: [1, 1, 1] }],
    [
      [layer('Rescaling', { scale: 1 / 127.5, offset: -1 })],
      { divisor: 255, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    ],
    [
      [
        layer('Rescaling', { scale: 1 / 255 }),
        layer('RandomFlip'),
        layer('Normalization', { mean: [[0.4, 0.5, 0.6]], variance: [[0.04, 0.04, 0.04]] }),
      ],
      { divisor: 255, mean: [0.4, 0.5, 0.6], std: [0.2, 0.2, 0.2] },
    ],
    [
      [layer('Normalization', { mean: 100, variance: 2500 })],
      { mean: [100 / 255, 100 / 255, 100 / 255].map((value) => expect.closeTo(value, 6)), divisor: 255 },
    ],
    [
      [layer('Resizing', { height: 96, width: 96, interpolation: 'nearest' })],
      { crop: [96, 96], resize: { kind: 'squash', size: 96 }, interpolation: 'nearest', divisor: 1 },
    ],
  ])('the layers of a Keras graph: %j', async (layers, expected) => {
    const { preprocessing } = await prepare(graphOf(...layers))
    expect(preprocessing).toMatchObject(expected)
  })

  test('layers of a Keras graph that are not followed are said', async () => {
    const { notes, from } = await prepare(graphOf(layer('Lambda')))
    expect(from).toBe('assumed')
    expect(notes).toEqual([
      "the file's graph has lambda (Lambda) before its first convolution, which is not followed; check the preparation of pictures below",
    ])
  })

  test('one channel: numbers of three become those of grey, a bare number stands for it', async () => {
    const grey = await prepare(checkpointOf([], { extras: extrasOf({ mean: 0.1307, std: 0.3081 }) }), 1)
    expect(grey.preprocessing).toMatchObject({ mean: [0.1307], std: [0.3081], divisor: 255 })
    const three = await prepare(checkpointOf([]), 1)
    expect(three.preprocessing.mean).toEqual([expect.closeTo(117.379, 3)])
  })

  test('sources that disagree are both named, and those that agree are not', async () => {
    const statistics = { 'normalize.mean': 0.5, 'normalize.std': 0.25 }
    const checkpoint = checkpointOf(
      Object.keys(statistics).map((name) => [name, [3]] as const),
      {
        value: (name) => (name.endsWith('mean') ? 0.5 : 0.25),
        beside: beside('preprocessor_config.json', {
          do_normalize: true,
          image_mean: [0.485, 0.456, 0.406],
          image_std: [0.229, 0.224, 0.225],
        }),
      },
    )
    const first = "normalize.mean and normalize.std among the file's tensors"
    const { preprocessing, notes } = await prepare(checkpoint)
    expect(preprocessing.mean).toEqual([0.5, 0.5, 0.5])
    expect(notes).toContain(
      `preprocessor_config.json beside it says another thing of colours, which is not taken: ${first} goes before it`,
    )
    const alike = beside('preprocessor_config.json', {
      image_mean: [0.5, 0.5, 0.5],
      image_std: [0.25, 0.25, 0.25],
    })
    expect((await prepare({ ...checkpoint, beside: alike })).notes.join()).not.toContain('not taken')
  })
})
