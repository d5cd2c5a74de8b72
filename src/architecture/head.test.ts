import { describe, expect, test } from 'vitest'
import { generateInput, generateStates } from '../../test/generator.ts'
import { narrowed } from '../../test/narrowed.ts'
import { relativeDifference, runOnce } from '../../test/network.ts'
import { referenceEngine } from '../engines/reference/reference.ts'
import { wasmEngine } from '../engines/wasm/wasm.ts'
import { toOnnx } from '../export/onnx.ts'
import { buildResNet } from './build.ts'
import { changed } from './change.ts'
import { parseConfig, type ResNetConfig } from './config.ts'
import { config } from './variants.ts'

const small = narrowed(config('resnet18'))

async function logitsOf(held: ResNetConfig, engine: typeof referenceEngine): Promise<Float32Array> {
  const graph = buildResNet(held)
  const inputs = new Map([['image', generateInput([1, 3, ...held.input])]])
  const { outputs } = await runOnce(engine, graph, { batch: 1, states: generateStates(graph), inputs })
  return outputs.get('logits') ?? new Float32Array()
}

describe('heads of several layers', () => {
  const hidden = [
    { width: 24, activation: 'relu' },
    { width: 12, activation: 'silu' },
  ]
  test.each<[string, ResNetConfig]>([
    ['hidden layers', changed(small, { 'head.hidden': hidden })],
    [
      'maxima and averages',
      changed(small, { 'head.pool': { kind: 'average-and-maximum', order: 'maximum-first' } }),
    ],
    [
      'both',
      changed(small, {
        'head.hidden': hidden,
        'head.pool': { kind: 'average-and-maximum', order: 'average-first' },
      }),
    ],
    ['legacy attention', narrowed(config('legacy_seresnet18'))],
  ])('%s: every engine answers alike, and ONNX takes it', async (_, held) => {
    const expected = await logitsOf(held, referenceEngine)
    expect(relativeDifference(await logitsOf(held, wasmEngine), expected)).toBeLessThan(1e-4)
    expect(toOnnx(buildResNet(held), generateStates(buildResNet(held))).length).toBeGreaterThan(1000)
  })

  test('have the names of a Sequential of linear layers and activations', () => {
    const { states } = buildResNet(changed(small, { 'head.hidden': hidden }))
    expect(
      [...states].filter(([name]) => name.startsWith('fc')).map(([name, { shape }]) => [name, shape]),
    ).toEqual([
      ['fc.0.weight', [24, 64]],
      ['fc.0.bias', [24]],
      ['fc.2.weight', [12, 24]],
      ['fc.2.bias', [12]],
      ['fc.4.weight', [10, 12]],
      ['fc.4.bias', [10]],
    ])
  })

  test('are none in configs of before they were known', () => {
    const { hidden: _, ...head } = small.head
    expect(parseConfig({ ...small, head })).toEqual(small)
  })

  test('an activation in front of the gate is another network than none', async () => {
    const held = narrowed(config('legacy_seresnet18'))
    const other = changed(held, { 'attention.activated': false })
    expect(
      relativeDifference(await logitsOf(other, referenceEngine), await logitsOf(held, referenceEngine)),
    ).toBeGreaterThan(1e-3)
  })
})
