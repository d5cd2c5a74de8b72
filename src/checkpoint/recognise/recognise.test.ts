import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkpointOf } from '../../../test/checkpoint.ts'
import type { ResNetConfig } from '../../architecture/config.ts'
import { config, variants } from '../../architecture/variants.ts'
import { nameTensors } from '../naming/map.ts'
import { differencesOf } from './differences.ts'
import { recogniseArchitecture } from './recognise.ts'
import { sameStates, statesOf } from './states.ts'

const recognise = (shapes: Iterable<readonly [string, readonly number[]]>) =>
  recogniseArchitecture({ file: 'test', named: nameTensors(checkpointOf(shapes)) })

/** What names and shapes cannot say; every other field of a recognised config must be right. */
const silent =
  /^(attention\.activated|block\.(strideAt|order|shortcutReads|firstActivation)|stem\.pool|antialias|shortcut\.(kind|sampling|zeros|combine|where|kernel|pool|dilatedPool|normalised)|normalisation\.(epsilon|momentum)|attention\.divisor|regularisation|head\.(finalActivation|pool|dropout)|input\.)/

/** Networks of group normalisation with the tensors of one of batch normalisation whose statistics were left out. */
const unsure = /^(resnet50_gn|resnetv2_50d_gn|resnetv2_(50|101)x1_bit)$/

describe('every named network is recognised from its own names and shapes', () => {
  const named = variants().filter(({ name }) => !unsure.test(name))
  test.each(named.map((variant) => [variant.name, variant] as const))('%s', (_, variant) => {
    const states = statesOf(variant.config)
    const recognition = recognise(states)
    expect(sameStates(statesOf(recognition.config), states)).toBe(true)
    expect(recognition.variant).toBeDefined()
    const wrong = differencesOf(variant.config, recognition.config).filter(({ key }) => !silent.test(key))
    expect(wrong).toEqual([])
    expect(recognition.headless).toBe(false)
  })

  test.each(
    variants()
      .filter(({ name }) => unsure.test(name))
      .map(({ name }) => name),
  )('%s is asked for', (name) => {
    const states = statesOf(config(name))
    expect(() => recognise(states)).toThrow(
      /have no running statistics \(.*running_mean, \.\.\.\).*state_dict\(\).*--set normalisation\.kind=group/,
    )
    const said = recogniseArchitecture({
      file: 'test',
      named: nameTensors(checkpointOf(states)),
      said: { 'normalisation.kind': 'group' },
    })
    expect(sameStates(statesOf(said.config), states)).toBe(true)
  })
})

describe('normalisations without running statistics', () => {
  const parameters = (name: string) =>
    [...statesOf(config(name))].filter(([state]) => !state.includes('running_'))

  test.each([
    'resnet18',
    'resnet50',
    'resnet20',
    'seresnet50',
    'resnetv2_50',
    'densenet121',
    'wrn_16_4',
  ])('of %s are never taken for group normalisations', (name) => {
    expect(() => recognise(parameters(name))).toThrow('no running statistics')
    expect(() => recognise(parameters(name))).not.toThrow('_gn')
  })
})

describe('parts of a network', () => {
  const without = (pattern: RegExp) =>
    [...statesOf(config('resnet50'))].filter(([state]) => !pattern.test(state))

  test.each<[string, RegExp, string]>([
    ['a stage', /^layer2\./, 'blocks are missing (layer2)'],
    ['a block', /^layer3\.4\./, 'blocks are missing (layer3.4)'],
    ['first blocks', /^layer2\.[01]\./, 'blocks are missing (layer2.0, layer2.1)'],
  ])('with a gap (%s) are no smaller network', (_, pattern, message) => {
    expect(() => recognise(without(pattern))).toThrow(message)
  })
})

describe('the usual reading', () => {
  test.each([
    ['resnet50_v1', 'resnet50'],
    ['resnetblur50', 'resnet50'],
    ['gluon_resnet50_v1d', 'resnet50d'],
    ['plain34', 'resnet34_a'],
    ['cifar_resnet110_bn_after_addition', 'resnet110'],
    ['cifar_resnet56', 'resnet56'],
    ['keras_resnet50_old', 'keras_resnet50'],
    ['tf_resnet50_v1', 'tf_resnet50_v1'],
    ['resnet50_caffe', 'resnet50_caffe'],
    ['wrn_28_10', 'wrn_28_10'],
  ])('of the tensors of %s is %s', (held, read) => {
    expect(recognise(statesOf(config(held))).variant).toBe(read)
  })

  test('of a family member that the table does not list is its name', () => {
    expect(recognise(statesOf(config('cifar_resnet68'))).variant).toBe('cifar_resnet68')
    expect(recognise(statesOf(config('wrn_22_3'))).variant).toBe('wrn_22_3')
  })

  test('says what is open, what was taken, and by which name to ask for another', () => {
    const { ambiguous } = recognise(statesOf(config('resnet50')))
    const stride = ambiguous.find(({ key }) => key === 'block.strideAt')
    expect(stride?.question).toBe('where the stride of a stage sits')
    expect(stride?.reading).toBe('conv2')
    expect(stride?.alternatives[0]).toEqual({
      value: 'conv1',
      changes: { 'block.strideAt': 'conv1' },
      arch: 'resnet50_v1',
    })
    const filter = ambiguous.find(({ key }) => key === 'antialias')
    expect(filter?.alternatives.map(({ arch }) => arch)).toEqual(['resnetblur50', 'resnetaa50'])
    expect(new Set(ambiguous.map(({ question }) => question)).size).toBe(ambiguous.length)
  })

  test('keeps any number of classes and image channels', () => {
    const changed = { ...config('resnet18'), classes: 7, inputChannels: 1 }
    const recognition = recognise(statesOf(changed))
    expect(recognition.variant).toBe('resnet18')
    expect(recognition.config).toEqual(changed)
  })

  test('of a file without a classifier keeps its features', () => {
    const states = [...statesOf(config('resnet18'))].filter(([name]) => !name.startsWith('fc.'))
    const recognition = recognise(states)
    expect(recognition.headless).toBe(true)
    expect(recognition.variant).toBe('resnet18')
    expect(recognition.config.classes).toBe(1)
  })
})

describe('networks that have no name', () => {
  const block = (kind: 'basic' | 'bottleneck', groups: number): ResNetConfig['block'] => ({
    kind,
    order: 'original',
    expansion: kind === 'basic' ? 1 : 4,
    groups,
    baseWidth: 64,
    reduceFirst: 1,
    strideAt: kind === 'basic' ? 'conv1' : 'conv2',
    firstActivation: 'own',
    shortcutReads: 'raw',
  })
  const configs = fc
    .record({
      base: fc.constantFrom(
        'resnet50',
        'resnet18',
        'resnet50d',
        'resnet20',
        'resnetv2_50',
        'wrn_16_4',
        'seresnet50',
      ),
      blocks: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 4 }),
      width: fc.integer({ min: 1, max: 5 }),
      groups: fc.constantFrom(1, 2, 4),
      classes: fc.integer({ min: 1, max: 30 }),
      channels: fc.integer({ min: 1, max: 4 }),
    })
    .map(({ base, blocks, width, groups, classes, channels }): ResNetConfig => {
      const from = config(base)
      return {
        ...from,
        classes,
        inputChannels: channels,
        stem: { ...from.stem, width: 16 },
        stages: blocks.map((count, s) => ({
          blocks: count,
          width: 8 * width * 2 ** s,
          stride: s === 0 ? 1 : 2,
        })),
        block:
          from.block.kind === 'bottleneck' && base === 'resnet50' ? block('bottleneck', groups) : from.block,
        shortcut:
          from.shortcut.kind === 'zero-padding' && 8 * width < 16
            ? config('resnet18').shortcut
            : from.shortcut,
      }
    })

  test('are recognised tensor by tensor', () => {
    fc.assert(
      fc.property(configs, (held) => {
        const states = statesOf(held)
        expect(sameStates(statesOf(recognise(states).config), states)).toBe(true)
      }),
      { numRuns: 60 },
    )
  })

  test('of mixed blocks keep a block for each stage', () => {
    const from = config('resnet18')
    const held: ResNetConfig = {
      ...from,
      stages: from.stages.map((stage, s) => (s === 2 ? { ...stage, block: block('bottleneck', 1) } : stage)),
    }
    const states = statesOf(held)
    const { config: read, name } = recognise(states)
    expect(sameStates(statesOf(read), states)).toBe(true)
    expect(read.stages[2]?.block).toMatchObject({ kind: 'bottleneck' })
    expect(name).toContain('basic and bottleneck blocks 2-2-2-2')
  })
})
