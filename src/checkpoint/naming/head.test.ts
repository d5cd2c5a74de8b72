import { beforeAll, describe, expect, test } from 'vitest'
import { checkpointOf } from '../../../test/checkpoint.ts'
import { generate, generateInput, generateStates } from '../../../test/generator.ts'
import { narrowed } from '../../../test/narrowed.ts'
import { relativeDifference, runOnce } from '../../../test/network.ts'
import { buildResNet } from '../../architecture/build.ts'
import type { ResNetConfig } from '../../architecture/config.ts'
import { config } from '../../architecture/variants.ts'
import { referenceEngine } from '../../engines/reference/reference.ts'
import { select } from '../../graph/select.ts'
import { type Model, modelFromCheckpoint } from '../model.ts'

const held = narrowed(config('resnet18'))
const states = generateStates(buildResNet(held))
const shapes = new Map([...buildResNet(held).states].map(([name, { shape }]) => [name, shape.map(Number)]))
const trunk = [...shapes].filter(([name]) => !name.startsWith('fc.'))
const image = generateInput([1, 3, 64, 64])

type Extra = readonly (readonly [string, readonly number[]])[]

/** A file of the trunk under a prefix, and other tensors. */
function file(extra: Extra, prefix = '') {
  const all = new Map([...trunk.map(([name, shape]) => [prefix + name, shape] as const), ...extra])
  const value = (name: string, index: number) => {
    const own = name.startsWith(prefix) ? states.get(name.slice(prefix.length)) : undefined
    return (own ?? valuesOf(name, all.get(name) ?? []))[index] ?? 0
  }
  return checkpointOf(all, { value })
}

const made = new Map<string, Float32Array>()
function valuesOf(name: string, shape: readonly number[]): Float32Array {
  const values = made.get(name) ?? generate(name, shape)
  made.set(name, values)
  return values
}

async function run(config: ResNetConfig, tensors: Model['tensors'], output: string): Promise<Float32Array> {
  const graph = select(buildResNet({ ...config, input: held.input }), [output])
  const inputs = new Map([['image', image]])
  const { outputs } = await runOnce(referenceEngine, graph, { batch: 1, states: tensors, inputs })
  return outputs.get(output) ?? new Float32Array()
}

const linear = (name: string, inputs: number, outputs: number): Extra => [
  [`${name}.weight`, [outputs, inputs]],
  [`${name}.bias`, [outputs]],
]
const norm = (name: string, size: number): Extra =>
  ['weight', 'bias', 'running_mean', 'running_var'].map((kind) => [`${name}.${kind}`, [size]] as const)

/** The layers of a head by definition. */
const layer = (name: string, inputs: number, outputs: number) => (x: readonly number[]) =>
  Array.from({ length: outputs }, (_, k) => {
    const weight = valuesOf(`${name}.weight`, [outputs, inputs])
    const bias = valuesOf(`${name}.bias`, [outputs])[k] ?? 0
    return x.reduce((sum, value, c) => sum + value * (weight[k * inputs + c] ?? 0), bias)
  })
const normalised = (name: string, size: number) => (x: readonly number[]) => {
  const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map((kind) =>
    valuesOf(`${name}.${kind}`, [size]),
  )
  return x.map(
    (value, c) =>
      ((value - (mean?.[c] ?? 0)) / Math.sqrt((variance?.[c] ?? 1) + 1e-5)) * (gamma?.[c] ?? 1) +
      (beta?.[c] ?? 0),
  )
}
const relu = (x: readonly number[]) => x.map((value) => Math.max(0, value))

let features: readonly number[] = []
beforeAll(async () => {
  features = [...(await run(held, states, 'features'))]
})

interface Kind {
  readonly title: string
  readonly prefix?: string
  readonly extra: Extra
  readonly steps: readonly ((x: readonly number[]) => readonly number[])[]
  readonly hidden?: readonly number[]
}

const kinds: readonly Kind[] = [
  ...['classifier', 'head', 'output', 'fc1', 'last_linear', 'logits', 'linear', 'fc.1', 'my_own_name'].map(
    (name): Kind => ({
      title: `${name}, one linear layer`,
      extra: linear(name, 64, 7),
      steps: [layer(name, 64, 7)],
    }),
  ),
  {
    title: 'fc.0 and fc.3 of Sequential(Linear, ReLU, Dropout, Linear)',
    extra: [...linear('fc.0', 64, 32), ...linear('fc.3', 32, 7)],
    steps: [layer('fc.0', 64, 32), relu, layer('fc.3', 32, 7)],
    hidden: [32],
  },
  {
    title: 'a normalisation behind the first linear layer',
    prefix: 'backbone.',
    extra: [...linear('head.1', 64, 32), ...norm('head.2', 32), ...linear('head.5', 32, 7)],
    steps: [layer('head.1', 64, 32), normalised('head.2', 32), relu, layer('head.5', 32, 7)],
    hidden: [32],
  },
  {
    title: 'a normalisation in front of the classifier (BNNeck)',
    prefix: 'base.',
    extra: [...norm('bottleneck', 64), ...linear('classifier', 64, 7)],
    steps: [normalised('bottleneck', 64), layer('classifier', 64, 7)],
  },
  {
    title: 'three linear layers with names of their own',
    prefix: 'module.cnn.',
    extra: [...linear('module.fc1', 64, 64), ...linear('module.fc2', 64, 24), ...linear('module.fc3', 24, 3)],
    steps: [layer('module.fc1', 64, 64), relu, layer('module.fc2', 64, 24), relu, layer('module.fc3', 24, 3)],
    hidden: [64, 24],
  },
]

describe('heads of every kind are found by their shapes and run', () => {
  test.each(kinds)('$title', async ({ prefix = '', extra, steps, hidden = [] }) => {
    const model = await modelFromCheckpoint(file(extra, prefix))
    const expected = steps.reduce((x, step) => step(x), features)
    expect(model.config.classes).toBe(expected.length)
    expect(model.config.head.hidden.map(({ width }) => width)).toEqual(hidden)
    expect(relativeDifference(await run(model.config, model.tensors, 'logits'), expected)).toBeLessThan(1e-5)
    expect(model.notes.join()).not.toContain('passed over')
  })

  test("fastai's head reads maxima and averages", async () => {
    const extra: Extra = [
      ...norm('1.2', 128),
      ['1.4.weight', [32, 128]],
      ...norm('1.6', 32),
      ['1.8.weight', [7, 32]],
    ]
    const ours = new Map(trunk.map(([name]) => [`0.${childName(name)}`, name]))
    const all = new Map([...trunk.map(([name, shape]) => [`0.${childName(name)}`, shape] as const), ...extra])
    const value = (name: string, index: number) =>
      (states.get(ours.get(name) ?? '') ?? valuesOf(name, all.get(name) ?? []))[index] ?? 0
    const model = await modelFromCheckpoint(checkpointOf(all, { value }))
    expect(model.config.head).toMatchObject({
      pool: { kind: 'average-and-maximum', order: 'maximum-first' },
      hidden: [{ width: 32, activation: 'relu' }],
    })
    expect(model.notes.join('\n')).toContain(
      'between the linear layers of the head (taken: relu; --set head.hidden.0.activation=silu takes silu)',
    )
    const both = [...(await run(model.config, model.tensors, 'features'))]
    expect(relativeDifference(both.slice(64), features)).toBeLessThan(1e-6)
    expect(both.slice(0, 64).every((value, c) => value >= (both[64 + c] ?? 0) - 1e-6)).toBe(true)
  })

  test('weight normalisation is multiplied out', async () => {
    const extra: Extra = [
      ['classifier.weight_g', [7, 1]],
      ['classifier.weight_v', [7, 64]],
    ]
    const { tensors } = await modelFromCheckpoint(file(extra))
    const [g, v] = [valuesOf('classifier.weight_g', [7, 1]), valuesOf('classifier.weight_v', [7, 64])]
    const row = v.slice(64, 128)
    const expected = row.map((value) => (value * (g[1] ?? 0)) / Math.hypot(...row))
    expect(relativeDifference(tensors.get('fc.weight')?.slice(64, 128) ?? [], expected)).toBeLessThan(1e-6)
  })

  test('a 1×1 convolution is one', async () => {
    const { config: read } = await modelFromCheckpoint(file([['classifier.weight', [7, 64, 1, 1]]]))
    expect([read.classes, read.head.classifier]).toEqual([7, 'convolution'])
  })
})

/** Torch's names by the numbers of the children. */
function childName(name: string): string {
  return name
    .replace(/^conv1/, '0')
    .replace(/^bn1/, '1')
    .replace(/^layer(\d)/, (_, stage) => String(Number(stage) + 3))
}

describe('what makes no classes leaves features alone', () => {
  test.each<[string, string, Extra, RegExp]>([
    [
      'MoCo v1',
      'module.encoder_q.',
      [...linear('module.encoder_q.fc', 64, 16), ['module.queue', [16, 99]]],
      /projection/,
    ],
    [
      'MoCo v2',
      'module.encoder_q.',
      [
        ...linear('module.encoder_q.fc.0', 64, 64),
        ...linear('module.encoder_q.fc.2', 64, 16),
        ['module.queue', [16, 99]],
      ],
      /projection of self-supervised/,
    ],
    [
      'SimCLR',
      'backbone.',
      [...linear('backbone.fc.0', 64, 64), ...linear('backbone.fc.2', 64, 128)],
      /projection/,
    ],
    [
      'SwAV',
      'module.',
      [
        ...linear('module.projection_head.0', 64, 64),
        ...norm('module.projection_head.1', 64),
        ...linear('module.projection_head.3', 64, 16),
        ['module.prototypes.weight', [300, 16]],
      ],
      /no linear layer reads/,
    ],
    [
      'DINO',
      'backbone.',
      [
        ...linear('head.mlp.0', 64, 64),
        ...linear('head.mlp.2', 64, 32),
        ['head.last_layer.weight_g', [500, 1]],
        ['head.last_layer.weight_v', [500, 32]],
      ],
      /projection/,
    ],
    [
      'FCN',
      'backbone.',
      [
        ['classifier.0.weight', [16, 64, 3, 3]],
        ...norm('classifier.1', 16),
        ['classifier.4.weight', [21, 16, 1, 1]],
      ],
      /no linear layer/,
    ],
    [
      'DeepLab',
      'backbone.',
      [
        ['classifier.0.convs.0.0.weight', [16, 64, 1, 1]],
        ['classifier.0.convs.1.0.weight', [16, 64, 3, 3]],
        ['classifier.4.weight', [21, 16, 1, 1]],
        ['aux_classifier.4.weight', [21, 32, 1, 1]],
      ],
      /no linear layer/,
    ],
    [
      'a detector',
      'backbone.body.',
      [
        ['backbone.fpn.inner_blocks.3.0.weight', [16, 64, 1, 1]],
        ['backbone.fpn.layer_blocks.3.0.weight', [16, 16, 3, 3]],
        ...linear('roi_heads.box_head.fc6', 784, 64),
      ],
      /no linear layer/,
    ],
    [
      'a loss and its centres',
      '',
      [
        ['arcface.weight', [50, 64]],
        ['criterion.centers', [50, 64]],
        ['centers', [9, 64]],
      ],
      /./,
    ],
    ['a map that is not averaged', '', linear('fc', 64 * 49, 7), /fc reads 3136 values, not its 64 features/],
    [
      'two tasks',
      '',
      [...linear('task_a', 64, 7), ...linear('task_b', 64, 3)],
      /could each be the classifier/,
    ],
  ])('%s', async (_, prefix, extra, reason) => {
    const model = await modelFromCheckpoint(file(extra, prefix))
    expect(model.config.classes).toBe(1)
    expect(model.notes.join('\n')).toMatch(reason)
    expect(model.notes.join('\n')).toMatch(/\d tensors? beside the network (is|are) passed over/)
    expect(relativeDifference(await run(model.config, model.tensors, 'features'), features)).toBeLessThan(
      1e-6,
    )
  })
})
