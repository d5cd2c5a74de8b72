/** Parts of a network trained on the engine of WebAssembly, the rest frozen. */
import { describe, expect, it } from 'vitest'
import { narrowed } from '../../../test/narrowed.ts'
import {
  greatest,
  greatestDifference,
  openTraining,
  trainingInputs,
  updateInputs,
} from '../../../test/network.ts'
import { buildResNet } from '../../architecture/build.ts'
import { changed } from '../../architecture/change.ts'
import { buildTraining, type TrainingOptions } from '../../architecture/training.ts'
import { config } from '../../architecture/variants.ts'
import { parametersOf } from '../../graph/graph.ts'
import type { Engine, TensorMap } from '../engine.ts'
import { referenceEngine } from '../reference/reference.ts'
import { wasmEngine } from './wasm.ts'

const labels = [3, 7, 1, 8]
const batch = labels.length

/** Two steps, of which the second sees what the first changed. */
async function stepsOf(engine: Engine, name: string, options: TrainingOptions): Promise<TensorMap> {
  // SiLU has no kinks that rounding could cross.
  const network = changed(narrowed(config(name)), { activation: 'silu', 'head.dropout': 0 })
  const session = await openTraining(engine, buildTraining(network, options), batch)
  const image = Float32Array.from({ length: batch * 3 * network.input[0] ** 2 }, (_, i) =>
    Math.sin(i * 0.37 + (i % 101)),
  )
  for (let step = 0; step < 2; step++) {
    await session.run('first', trainingInputs(image, labels, { classes: 10, weight: 1 / batch }))
    await session.run('next', trainingInputs(image.toReversed(), labels, { classes: 10, weight: 1 / batch }))
    await session.run('update', updateInputs({ rate: 0.01, momentum: 0.9, decay: 1e-4 }))
  }
  const states = await session.readState()
  await session.dispose()
  return states
}

describe.each([
  'resnet18',
  'mobilenetv2_100',
  'resnetv2_50x1_bit',
  'skresnet18',
])('of a narrow %s', (name) => {
  const parameters = parametersOf(buildResNet(narrowed(config(name)))).map((parameter) => parameter.name)
  const [head = '', ...others] = parameters.filter((parameter) => /^(fc|classifier|head)\b/.test(parameter))
  const sections = ['stem', ...[1, 2, 3, 4, 5, 6, 7].map((stage) => `stage ${stage}`), 'head']
  const all = (trained: readonly string[]) => [{ name: 'all', parameters: trained }]
  const choices: readonly (readonly [string, TrainingOptions])[] = [
    ['the classifier alone', { groups: all([head, ...others]), frozen: sections }],
    ['the later half', { groups: all(parameters.slice(parameters.length / 2)), frozen: ['stem', 'stage 1'] }],
    ['everything, with fixed statistics', { frozen: sections }],
    [
      'scales, shifts and biases',
      { groups: all(parameters.filter((parameter) => !/conv.*weight/.test(parameter))) },
    ],
  ]
  it.each(choices)('%s', async (_title, options) => {
    const expected = await stepsOf(referenceEngine, name, options)
    const states = await stepsOf(wasmEngine, name, options)
    const gradients = [...expected].filter(([state]) => state.startsWith('gradient/'))
    const strongest = Math.max(...gradients.map(([, values]) => greatest(values)))
    for (const [state, values] of expected) {
      const difference = greatestDifference(states.get(state) ?? [], values)
      expect(difference / Math.max(greatest(values), 1e-3 * strongest), state).toBeLessThan(1e-3)
    }
  })
})
