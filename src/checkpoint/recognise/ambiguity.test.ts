import { execFileSync } from 'node:child_process'
import { describe, expect, test } from 'vitest'
import { checkpointOf } from '../../../test/checkpoint.ts'
import { narrowed } from '../../../test/narrowed.ts'
import { type Changes, changed } from '../../architecture/change.ts'
import { config, isVariantName, variantNamed } from '../../architecture/variants.ts'
import { identifyCheckpoint, modelFromCheckpoint } from '../model.ts'
import { openNotes, optionsFor } from './ambiguity.ts'
import { asSeen } from './candidates.ts'
import { differencesBeyondUse } from './differences.ts'
import { sameStates, statesOf } from './states.ts'

const networks = [
  'resnet18',
  'resnet50',
  'resnet20',
  'wrn_16_4',
  'resnetv2_50',
  'seresnet18',
  'densenet121',
  'mobilenetv2_100',
  'resnet50d',
]
const openOf = (name: string) => identifyCheckpoint(checkpointOf(statesOf(narrowed(config(name)))))

/** As `--set` reads it: JSON where it is that, else a word. */
function asOption(word: string): readonly [string, unknown] {
  const [key = '', value = ''] = word.split('=')
  return [key, /^(-?\d|true$|false$|null$)/.test(value) ? JSON.parse(value) : value]
}

const openAll = (name: string) => identifyCheckpoint(checkpointOf(statesOf(config(name))))

describe('what shapes are silent about', () => {
  test.each(networks)('of %s is asked, and every alternative can be taken', (name) => {
    const { config: read, ambiguous } = openOf(name)
    expect(ambiguous.map(({ key }) => key)).toContain('activation')
    expect(ambiguous.map(({ key }) => key)).toContain('normalisation.epsilon')
    for (const { key, alternatives } of ambiguous) {
      expect(alternatives.length, key).toBeGreaterThan(0)
      for (const { changes } of alternatives) {
        const other = changed(read, changes)
        expect(other).not.toEqual(read)
        expect(sameStates(statesOf(other), statesOf(read)), JSON.stringify(changes)).toBe(true)
      }
    }
  })

  test.each<[string, readonly string[]]>([
    [
      'resnet50',
      ['block.strideAt', 'antialias', 'stem.pool', 'outputStride', 'block.order', 'shortcut.combine'],
    ],
    ['resnet18', ['antialias', 'stem.pool', 'outputStride']],
    ['resnet20', ['stem.stride', 'shortcut.kind', 'shortcut.zeros', 'shortcut.sampling']],
    ['resnetv2_50', ['block.strideAt', 'block.shortcutReads', 'shortcut.pool']],
    ['seresnet18', ['attention.activated']],
    ['mobilenetv2_100', ['stages']],
  ])('concerns in %s: %j', (name, keys) => {
    const asked = openOf(name).ambiguous.map(({ key }) => key)
    for (const key of keys) expect(asked).toContain(key)
    expect(new Set(asked).size).toBe(asked.length)
  })

  test.each(
    [...networks, 'resnetv2_50x3_bit', 'skresnet18', 'resnetaa50', 'highway_resnet110'].filter(isVariantName),
  )('of %s is chosen by options that a shell hands on as they are meant', (name) => {
    const { config: read, ambiguous } = openAll(name)
    const all = ambiguous.flatMap(({ alternatives }) => alternatives)
    const printed = all.map((alternative) => optionsFor({ value: '', changes: alternative.changes }))
    expect(printed.join(' ')).not.toMatch(/['"{]/)
    const handed = execFileSync('sh', ['-c', printed.map((line) => `printf '%s ' ${line}; echo`).join('\n')])
    for (const [i, line] of handed.toString().trimEnd().split('\n').entries()) {
      const { arch, changes = {} } = all[i] ?? {}
      const words = line.split(' ').filter((word) => word.includes('='))
      const given: Changes = Object.fromEntries(words.map(asOption))
      const other = changed(read, changes)
      expect(changed(read, given), line).toEqual(other)
      if (arch !== undefined)
        expect(differencesBeyondUse(asSeen(variantNamed(arch).config, other), other), arch).toEqual([])
    }
  })

  test.each(networks)('of %s takes at most three lines', (name) => {
    expect(openNotes(openOf(name).ambiguous).length).toBeLessThanOrEqual(3)
  })

  test('is not asked again once the caller says it', async () => {
    const held = checkpointOf(statesOf(narrowed(config('resnet50'))))
    const model = await modelFromCheckpoint(held, { changes: { 'block.strideAt': 'conv1' } })
    expect(model.config.block).toMatchObject({ strideAt: 'conv1' })
    expect(model.notes.join('\n')).not.toContain('where the stride')
    expect(model.notes).toContain('as asked: block.strideAt conv1')
  })

  test('asks for dilation first where a head that works on maps stands beside the trunk', () => {
    const states = [...statesOf(narrowed(config('resnet50')))].map(
      ([name, shape]) => [`backbone.${name}`, shape] as const,
    )
    const { ambiguous } = identifyCheckpoint(
      checkpointOf([...states, ['classifier.0.weight', [16, 256, 3, 3]]]),
    )
    expect(ambiguous.filter(({ weight }) => weight === 'most').map(({ key }) => key)).toContain(
      'outputStride',
    )
  })

  test("is what config.json decides for Hugging Face's names", () => {
    const states = statesOf(config('resnet18'))
    const written = [...states].map(
      ([name, shape]) =>
        [
          name
            .replace(/^conv1/, 'resnet.embedder.embedder.convolution')
            .replace(/^bn1/, 'resnet.embedder.embedder.normalization')
            .replace(
              /^layer(\d)\.(\d)\.conv(\d)/,
              (_, s = '0', b = '0', c = '0') =>
                `resnet.encoder.stages.${Number(s) - 1}.layers.${b}.layer.${Number(c) - 1}.convolution`,
            )
            .replace(
              /^layer(\d)\.(\d)\.bn(\d)/,
              (_, s = '0', b = '0', c = '0') =>
                `resnet.encoder.stages.${Number(s) - 1}.layers.${b}.layer.${Number(c) - 1}.normalization`,
            )
            .replace(
              /^layer(\d)\.(\d)\.downsample\.0/,
              (_, s = '0', b = '0') =>
                `resnet.encoder.stages.${Number(s) - 1}.layers.${b}.shortcut.convolution`,
            )
            .replace(
              /^layer(\d)\.(\d)\.downsample\.1/,
              (_, s = '0', b = '0') =>
                `resnet.encoder.stages.${Number(s) - 1}.layers.${b}.shortcut.normalization`,
            )
            .replace(/^fc/, 'classifier.1'),
          shape,
        ] as const,
    )
    expect(identifyCheckpoint(checkpointOf(written)).ambiguous.map(({ key }) => key)).toContain(
      'stages.0.stride',
    )
  })

  test('is chosen by options that a shell takes as they are', () => {
    expect(optionsFor({ value: 'conv1', changes: { 'block.strideAt': 'conv1' }, arch: 'resnet50_v1' })).toBe(
      '--arch resnet50_v1',
    )
    expect(
      optionsFor({ value: 'blur', changes: { 'antialias.kind': 'blur', 'stem.pool.kind': 'max-blur' } }),
    ).toBe('--set antialias.kind=blur --set stem.pool.kind=max-blur')
    expect(optionsFor({ value: '2', changes: { 'stages.0.stride': 2 } })).toBe('--set stages.0.stride=2')
  })
})
