import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkpointOf } from '../../../test/checkpoint.ts'
import { config } from '../../architecture/variants.ts'
import { CheckpointError } from '../../errors.ts'
import { recogniseArchitecture } from '../recognise/recognise.ts'
import { sameStates, statesOf } from '../recognise/states.ts'
import { nameTensors } from './map.ts'
import type { SchemeName } from './scheme.ts'
import { schemeNamed, timmMobileNet } from './schemes.ts'
import { type Rule, translate } from './template.ts'

type Shapes = ReadonlyMap<string, readonly number[]>

/** A network's tensors as a source names and lays them out. */
function writtenBy(schemeName: SchemeName, states: Shapes, own?: readonly Rule[]): Shapes {
  const scheme = schemeNamed(schemeName)
  const rules = own ?? scheme.rules
  return new Map(
    [...states].map(([name, shape]) => {
      const at = name.lastIndexOf('.')
      const layer = name.slice(0, at)
      const kind = name.slice(at + 1)
      const theirs = translate(rules, layer, 'ours') ?? (/^(fc|head\.fc)$/.test(layer) ? 'fc' : undefined)
      if (theirs === undefined) throw new Error(`${schemeName} has no name for ${layer}`)
      const normalisation = states.has(`${layer}.running_mean`)
      const suffix = suffixIn(schemeName, kind, normalisation)
      return [`${theirs}${scheme.separator}${suffix}`, shapeIn(suffix, shape)]
    }),
  )
}

function suffixIn(scheme: SchemeName, kind: string, normalisation: boolean): string {
  const keras = scheme.startsWith('keras')
  if (keras && kind === 'running_mean') return 'moving_mean'
  if (keras && kind === 'running_var') return 'moving_variance'
  if (normalisation && (keras || scheme.startsWith('gluon'))) {
    if (kind === 'weight') return 'gamma'
    if (kind === 'bias') return 'beta'
  }
  return keras && kind === 'weight' ? 'kernel' : kind
}

function shapeIn(suffix: string, shape: readonly number[]): readonly number[] {
  if (suffix !== 'kernel') return shape
  const [out = 1, input = 1, height = 1, width = 1] = shape
  return shape.length === 2 ? [input, out] : [height, width, input, out]
}

const published: readonly (readonly [SchemeName, string, string, string])[] = [
  ['torchvision', 'resnet18', 'resnet18', 'torch-imagenet'],
  ['torchvision', 'resnext50_32x4d', 'resnext50_32x4d', 'torch-imagenet'],
  ['torchvision', 'densenet121', 'densenet121', 'torch-imagenet'],
  ['torchvision', 'mobilenetv2_100', 'mobilenetv2_100', 'torch-imagenet'],
  ['torchvision-old-densenet', 'densenet161', 'densenet161', 'torch-imagenet'],
  ['timm', 'seresnet50t', 'seresnet50t', 'torch-imagenet-bicubic'],
  ['timm', 'resnetv2_50', 'resnetv2_50', 'half-imagenet'],
  ['timm', 'resnetv2_50x3_bit', 'resnetv2_50x3_bit', 'half-imagenet-bilinear'],
  ['timm', 'skresnext50_32x4d', 'skresnext50_32x4d', 'torch-imagenet-bicubic'],
  ['timm-mobilenet', 'mobilenetv2_140', 'mobilenetv2_140', 'torch-imagenet-bicubic'],
  ['legacy-senet', 'legacy_seresnet18', 'legacy_seresnet18', 'torch-imagenet-bicubic'],
  ['wide-resnet', 'wrn_28_10', 'wrn_28_10', 'cifar10'],
  ['detectron', 'resnet50_v1', 'resnet50_v1', 'caffe-imagenet'],
  ['children', 'resnet34', 'resnet34', 'torch-imagenet'],
  ['hugging-face', 'resnet50', 'resnet50', 'torch-imagenet-bicubic'],
  ['hugging-face', 'resnet34', 'resnet34', 'torch-imagenet-bicubic'],
  ['nvidia', 'resnet50', 'resnet50', 'torch-imagenet'],
  ['legacy-senet', 'legacy_seresnet50', 'legacy_seresnet50', 'torch-imagenet'],
  ['legacy-senet', 'legacy_seresnext50_32x4d', 'legacy_seresnext50_32x4d', 'torch-imagenet'],
  ['legacy-senet-deep', 'legacy_senet154', 'legacy_senet154', 'torch-imagenet'],
  ['keras-first', 'keras_resnet50_old', 'keras_resnet50_old', 'caffe-imagenet'],
  ['keras', 'keras_resnet101', 'keras_resnet101', 'caffe-imagenet'],
  ['gluon-v1b', 'gluon_resnet50_v1d', 'gluon_resnet50_v1d', 'torch-imagenet'],
  ['gluon-v1', 'gluon_resnet50_v1', 'gluon_resnet50_v1', 'torch-imagenet'],
]

describe('names of every source', () => {
  test.each(published)('%s: %s is read as %s', (scheme, held, read, preprocessing) => {
    const states = statesOf(config(held))
    const checkpoint = checkpointOf(writtenBy(scheme, states))
    const named = nameTensors(checkpoint)
    expect(named.scheme.name).toBe(scheme)
    expect(named.unknown).toEqual([])
    expect(new Set(named.tensors.keys())).toEqual(new Set(states.keys()))
    const recognition = recogniseArchitecture({ file: 'test', named })
    expect(recognition.variant).toBe(read)
    expect(recognition.preprocessing).toBe(preprocessing)
    expect(sameStates(statesOf(recognition.config), states)).toBe(true)
  })

  test("Keras' v2, whose classifier is a linear layer", () => {
    const states = statesOf(config('keras_resnet50v2'))
    const named = nameTensors(checkpointOf(writtenBy('keras-v2', states)))
    const recognition = recogniseArchitecture({ file: 'test', named })
    expect(named.scheme.name).toBe('keras-v2')
    expect(recognition.variant).toBe('keras_resnet50v2')
    expect(recognition.preprocessing).toBe('keras-v2')
  })

  test("Gluon's v2, whose fixed scale and shift of the image are left out", () => {
    const states = statesOf(config('gluon_resnet50_v2'))
    const written = new Map([
      ...writtenBy('gluon-v2', states),
      ['features.0.gamma', [3]],
      ['features.0.beta', [3]],
    ])
    const recognition = recogniseArchitecture({ file: 'test', named: nameTensors(checkpointOf(written)) })
    expect(recognition.variant).toBe('gluon_resnet50_v2')
  })

  test('Hugging Face without a classifier', () => {
    const states = [...statesOf(config('resnet50'))].filter(([name]) => !name.startsWith('fc.'))
    const named = nameTensors(checkpointOf(writtenBy('hugging-face-bare', new Map(states))))
    expect(named.scheme.name).toBe('hugging-face-bare')
    expect(named.prefix).toBe('')
    expect(recogniseArchitecture({ file: 'test', named })).toMatchObject({
      variant: 'resnet50',
      headless: true,
    })
  })
})

describe("timm's MobileNetV2", () => {
  test.each([
    'mobilenetv2_110d',
    'mobilenetv2_120d',
    'mobilenetv2_035',
  ])('%s, of other depths and widths, is read', (name) => {
    const { stages } = config(name)
    const states = statesOf(config(name))
    const rules = timmMobileNet(stages.map(({ blocks }) => blocks))
    const named = nameTensors(checkpointOf(writtenBy('timm-mobilenet', states, rules)))
    expect(named.unknown).toEqual([])
    expect(recogniseArchitecture({ file: 'test', named }).variant).toBe(name)
  })

  test('has its blocks counted stage by stage', () => {
    const written = writtenBy('timm-mobilenet', statesOf(config('mobilenetv2_100')))
    const blocks = [...written.keys()].filter((name) => /^blocks\.\d+\.\d+\.conv_dw\.weight$/.test(name))
    const stages = blocks.map((name) => name.split('.')[1])
    expect(stages.join('')).toBe('01122233334445556')
  })
})

describe('prefixes', () => {
  const states = statesOf(config('resnet18'))
  const prefixed = (prefix: string) => [...states].map(([name, shape]) => [prefix + name, shape] as const)

  test.each([
    'module.',
    '_orig_mod.',
    'model.',
    'backbone.',
    'encoder.',
    'module.encoder_q.',
    'a.b.',
  ])('%s is stripped and said', (prefix) => {
    const named = nameTensors(checkpointOf(prefixed(prefix)))
    expect(named.tensors.size).toBe(states.size)
    expect(named.notes).toEqual([`stripped "${prefix}" from the names`])
  })

  test('tensors outside the prefix are set aside, with their number', () => {
    const named = nameTensors(
      checkpointOf([
        ...prefixed('module.encoder_q.'),
        ...prefixed('module.encoder_k.'),
        ['module.queue', [128, 9]],
      ]),
    )
    expect(named.tensors.size).toBe(states.size)
    expect(named.prefix).toBe('module.encoder_q.')
    expect(named.notes).toEqual([
      'stripped "module.encoder_q." from the names',
      'a second network lies under "module.encoder_k."; the one under "module.encoder_q." is taken',
      '103 tensors beside the network are passed over: module.encoder_k.* (102), module.queue',
    ])
  })

  test('counters and blur filters are passed over', () => {
    const named = nameTensors(
      checkpointOf([
        ...states,
        ['bn1.num_batches_tracked', []],
        ['n_averaged', []],
        ['layer2.0.conv2.1.filt', [128, 1, 3, 3]],
      ]),
    )
    expect(named.unknown).toEqual([])
    expect(named.notes).toEqual([
      '1 stored blur filters (layer2.0.conv2.1.filt, ...) are passed over: the architecture says which filter is used',
    ])
  })

  test('the names of a nested Keras network lose what they have in common', () => {
    const old = statesOf(config('keras_resnet50_old'))
    const nested = [...writtenBy('keras-first', old)].map(
      ([name, shape]) => [`resnet50/${name}`, shape] as const,
    )
    expect(nameTensors(checkpointOf(nested)).prefix).toBe('resnet50/')
  })
})

describe('names that are of no residual network', () => {
  test('are refused with a few of them', () => {
    const checkpoint = checkpointOf([
      ['wte.weight', [50257, 768]],
      ['h.0.attn.c_attn.weight', [768, 2304]],
    ])
    expect(() => nameTensors(checkpoint)).toThrow(
      /^test\.safetensors: holds no residual network that is known here\. Found: 2 tensors \(wte\.weight, h\.0\.attn\.c_attn\.weight\); no convolution; 2 linear layers\. Missing: a first block/,
    )
  })

  test('a file without any is refused', () => {
    expect(() => nameTensors(checkpointOf([['n_averaged', []]]))).toThrow(
      'test.safetensors: holds no tensors of a network; name the file with its weights',
    )
  })

  test('two names for one tensor are refused', () => {
    const keras = checkpointOf([
      ['res2a_branch2a/kernel', [1, 1, 64, 64]],
      ['conv1/kernel', [7, 7, 3, 64]],
      ['conv1/kernel:0', [7, 7, 3, 64]],
    ])
    expect(() => nameTensors(keras)).toThrow(
      'test.safetensors: conv1/kernel and conv1/kernel:0 both stand for conv1.weight; remove one of them',
    )
  })

  test('whatever they are, only checkpoint errors come out', () => {
    const pieces = fc.constantFrom(
      ...[
        'layer1',
        'layer2',
        'stages',
        'blocks',
        'features',
        'conv1',
        'conv2',
        'conv3',
        'bn1',
        'downsample',
        '0',
        '1',
      ],
      ...[
        'fc',
        'head',
        'norm1',
        'se',
        'fc1',
        'stem',
        'conv',
        'weight',
        'bias',
        'running_var',
        'module',
        'classifier',
      ],
      ...['denseblock1', 'denselayer1', 'paths', 'attn', 'constructor', '__proto__'],
    )
    const name = fc.array(pieces, { minLength: 1, maxLength: 6 }).map((parts) => parts.join('.'))
    const stem = fc.constantFrom(['conv1.weight', [8, 3, 7, 7]], ['stem.conv.weight', [8, 3, 3, 3]])
    const shape = fc.array(fc.integer({ min: 0, max: 2 ** 40 }), { maxLength: 5 })
    const tensors = fc.array(fc.tuple(name, shape), { minLength: 1, maxLength: 30 })
    fc.assert(
      fc.property(tensors, stem, (entries, [first, size]) => {
        const named = new Map<string, readonly number[]>([
          ...entries,
          [String(first), [size].flat().map(Number)],
        ])
        try {
          recogniseArchitecture({ file: 'test', named: nameTensors(checkpointOf(named)) })
        } catch (error) {
          expect(error).toBeInstanceOf(CheckpointError)
        }
      }),
      { numRuns: 400 },
    )
  })
})
