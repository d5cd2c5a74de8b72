import { describe, expect, test } from 'vitest'
import type { ResNetConfig } from '../../architecture/config.ts'
import { config } from '../../architecture/variants.ts'
import type { KerasLayer } from '../checkpoint.ts'
import { schemeNamed } from '../naming/schemes.ts'
import { readTopology } from './topology.ts'

const layer = (
  name: string,
  className: string,
  settings: Readonly<Record<string, unknown>>,
  inputs: readonly string[] = [],
): KerasLayer => ({ name, className, config: settings, inputs })

const conv = (
  name: string,
  kernel: number,
  stride: number,
  settings: Record<string, unknown> = {},
  input = '',
) =>
  layer(
    name,
    'Conv2D',
    { kernel_size: [kernel, kernel], strides: [stride, stride], padding: 'same', ...settings },
    [input],
  )

/** A strided 3×3 is padded by a layer of its own in Keras. */
function convolutions(name: string, n: number, stride: number): readonly KerasLayer[] {
  if (n !== 2 || stride === 1) return [conv(`${name}_conv`, n === 2 ? 3 : 1, stride)]
  const pad = layer(`${name}_pad`, 'ZeroPadding2D', { padding: 1 })
  return [pad, conv(`${name}_conv`, 3, stride, { padding: 'valid' }, pad.name)]
}

/** A Keras ResNet-50 whose stages stride where `strided` says. */
function network(strided: (stage: number, block: number, n: number) => number): KerasLayer[] {
  const blocks = [3, 4, 6, 3]
  return [
    layer('input_1', 'InputLayer', { batch_input_shape: [null, 192, 160, 3] }),
    layer('conv1_pad', 'ZeroPadding2D', {
      padding: [
        [3, 3],
        [3, 3],
      ],
    }),
    conv('conv1_conv', 7, 2, { padding: 'valid' }, 'conv1_pad'),
    layer('conv1_bn', 'BatchNormalization', { epsilon: 1e-4, momentum: 0.99 }),
    layer('conv1_relu', 'Activation', { activation: 'relu' }),
    layer('pool1_pad', 'ZeroPadding2D', {
      padding: [
        [1, 1],
        [1, 1],
      ],
    }),
    layer('pool1_pool', 'MaxPooling2D', { pool_size: [3, 3], strides: [2, 2], padding: 'valid' }, [
      'pool1_pad',
    ]),
    ...blocks.flatMap((count, s) =>
      Array.from({ length: count }, (_, b) =>
        [1, 2, 3].flatMap((n) => convolutions(`conv${s + 2}_block${b + 1}_${n}`, n, strided(s, b, n))),
      ).flat(),
    ),
    layer('avg_pool', 'GlobalAveragePooling2D', {}),
    layer('predictions', 'Dense', { units: 1000, activation: 'softmax' }),
  ]
}

const first = (s: number, b: number, n: number) => (s > 0 && b === 0 && n === 1 ? 2 : 1)
const second = (s: number, b: number, n: number) => (s > 0 && b === 0 && n === 2 ? 2 : 1)
const last = (s: number, b: number, n: number) => (s < 3 && b === [2, 3, 5, 2][s] && n === 2 ? 2 : 1)

function read(layers: readonly KerasLayer[], of: ResNetConfig = config('keras_resnet50')) {
  return readTopology('model.json', { layers }, schemeNamed('keras'), of).changes
}

describe("a Keras network's graph", () => {
  test.each([
    ['conv1', first],
    ['conv2', second],
    ['last-block', last],
  ])('strides in %s are read', (place, strided) => {
    expect(read(network(strided))).toMatchObject({
      'block.strideAt': place,
      'stages.0.stride': 1,
      'stages.1.stride': 2,
      'stages.2.stride': 2,
      'stages.3.stride': 2,
    })
  })

  test('epsilon, momentum, pool, paddings, activation and input size are read', () => {
    expect(read(network(first))).toMatchObject({
      input: [192, 160],
      'stem.stride': 2,
      'stem.pool': { kind: 'max', padding: 'zeros' },
      'convolution.padding': 'symmetric',
      'normalisation.epsilon': 1e-4,
      'normalisation.momentum': 0.01,
      activation: 'relu',
    })
  })

  const changedLayer = (name: string, changes: Readonly<Record<string, unknown>>) =>
    network(first).map((entry) =>
      entry.name === name ? { ...entry, config: { ...entry.config, ...changes } } : entry,
    )

  test('a pool with SAME padding is TensorFlow’s', () => {
    expect(read(changedLayer('pool1_pool', { padding: 'same' }))).toMatchObject({
      'stem.pool': { kind: 'max', padding: 'same' },
    })
    expect(
      read(
        changedLayer('pool1_pad', {
          padding: [
            [0, 1],
            [0, 1],
          ],
        }),
      ),
    ).toMatchObject({ 'stem.pool': { kind: 'max', padding: 'same' } })
  })

  test('a network without a stem pool has none', () => {
    const layers = network(first).filter(({ name }) => !name.startsWith('pool1'))
    expect(read(layers)).toMatchObject({ 'stem.pool': { kind: 'none' } })
  })

  test.each([
    ['conv2_block1_1_conv', { dilation_rate: [2, 2] }, 'gives conv2_block1_1_conv a dilation of 2'],
    [
      'conv2_block1_1_conv',
      { activation: 'relu' },
      'gives conv2_block1_1_conv the activation relu inside it',
    ],
    ['conv4_block1_1_conv', { strides: [1, 1] }, undefined],
    ['conv4_block1_2_conv', { strides: [2, 2] }, 'gives layer3.0.conv2 a stride of 2; no residual network'],
    ['conv4_block1_1_conv', { strides: [3, 3] }, 'gives layer3.0.conv1 a stride of 3; no residual network'],
    ['conv4_block2_1_conv', { strides: [2, 2] }, 'gives layer3.1.conv1 a stride of 2; no residual network'],
    [
      'conv1_conv',
      { padding: 'valid', kernel_size: [5, 5] },
      'pads strided convolutions by 3,3 around conv1_conv',
    ],
    [
      'pool1_pool',
      { pool_size: [2, 2] },
      'has a stem pool (pool1_pool: MaxPooling2D of 2, stride 2, padding 1,1)',
    ],
    ['pool1_pad', { padding: 0 }, 'padding 0,0) that a config cannot say'],
    [
      'conv1_relu',
      { activation: 'elu' },
      'its graph has the activations elu; one of relu, relu6, silu is read',
    ],
  ])('%s with %j', (name, changes, message) => {
    const layers = changedLayer(name, changes)
    if (message === undefined) expect(() => read(layers)).not.toThrow()
    else expect(() => read(layers)).toThrow(message)
  })

  test('strides in two places are refused', () => {
    const layers = changedLayer('conv4_block1_1_conv', { strides: [1, 1] }).map((entry) =>
      entry.name === 'conv4_block1_2_conv' ? conv(entry.name, 3, 2) : entry,
    )
    expect(() => read(layers)).toThrow('model.json: its graph puts strides into conv1 and conv2')
  })

  test('different epsilons are refused', () => {
    const layers = [...network(first), layer('conv2_block1_1_bn', 'BatchNormalization', { epsilon: 1e-3 })]
    expect(() => read(layers)).toThrow(
      'its normalisations have the epsilons 0.0001, 0.001; a config has one for all',
    )
  })

  test('settings of the wrong kind are taken as left out, never as numbers', () => {
    const changes = { strides: 'two', dilation_rate: null, activation: 5 }
    expect(read(changedLayer('conv3_block1_1_conv', changes))).toMatchObject({ 'stages.1.stride': 1 })
  })
})
