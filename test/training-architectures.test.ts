/**
 * A training step of every architecture on the WebAssembly engine against the reference arithmetic: the gradient of each
 * parameter, the state after the step, and what the network then answers. Networks are narrow and two blocks a
 * stage deep; those of the table that differ in width and depth alone are then one.
 */
import { describe, expect, it } from 'vitest'
import { buildResNet } from '../src/architecture/build.ts'
import type { ResNetConfig } from '../src/architecture/config.ts'
import { buildTraining } from '../src/architecture/training.ts'
import { variants } from '../src/architecture/variants.ts'
import type { Engine, TensorMap } from '../src/engines/engine.ts'
import { referenceEngine } from '../src/engines/reference/reference.ts'
import { wasmEngine } from '../src/engines/wasm/wasm.ts'
import { select } from '../src/graph/select.ts'
import { generate } from './generator.ts'
import { narrowed } from './narrowed.ts'
import {
  greatest,
  greatestDifference,
  openTraining,
  relativeDifference,
  trainingInputs,
  updateInputs,
} from './network.ts'

const labels = [1, 8, 3]
const batch = labels.length

/** Narrow networks with the names of all whose they are. */
const architectures = new Map<string, { readonly config: ResNetConfig; readonly names: string[] }>()
for (const { name, config: whole } of variants()) {
  const config = narrowed(whole)
  const key = JSON.stringify(config)
  const alike = architectures.get(key)
  if (alike === undefined) architectures.set(key, { config, names: [name] })
  else alike.names.push(name)
}

interface Step {
  readonly states: TensorMap
  /** Logits in training. */
  readonly trained: Float32Array
  /** What the network says after the step: logits, and the features of each stage. */
  readonly answers: TensorMap
}

/**
 * A step on generated pictures. Where states are given, the network answers with those in the place of its own, as gradients
 * may jump where logits do not.
 */
async function stepOf(
  engine: Engine,
  config: ResNetConfig,
  { pictures, after }: { readonly pictures: string; readonly after?: TensorMap },
): Promise<Step> {
  const training = buildTraining(config)
  const image = generate(pictures, [batch, config.inputChannels, ...config.input])
  const session = await openTraining(engine, training, batch)
  const network = buildResNet(config)
  const names = [...network.values.keys()].filter((name) => /^(stage\d+|features|logits)$/.test(name))
  await session.add('infer', select(network, names), { batch })
  const random = training.first.inputs.has('seed')
    ? ([
        ['seed', Float32Array.of(7, 3)],
        ['imageIndex', Float32Array.from(labels.keys())],
      ] as const)
    : []
  const inputs = trainingInputs(image, labels, { classes: config.classes, weight: 1 / batch })
  const first = await session.run('first', new Map([...inputs, ...random]))
  await session.run('update', updateInputs({ rate: 0.01, momentum: 0.9, decay: 1e-4 }))
  const states = await session.readState()
  if (after !== undefined) await session.writeState(after)
  const answers = await session.run('infer', new Map([['image', image]]))
  await session.dispose()
  return { states, trained: first.get('logits') ?? new Float32Array(), answers }
}

/** States that differ by more than a thousandth of their greatest value. */
function differences(states: TensorMap, expected: TensorMap): readonly string[] {
  const gradients = [...expected].filter(([name]) => name.startsWith('gradient/'))
  const strongest = Math.max(...gradients.map(([, values]) => greatest(values)))
  return [...expected].flatMap(([name, values]) => {
    // What does not move the loss, as a bias before a normalisation, has rounding alone for its gradient.
    const scale = Math.max(greatest(values), 1e-3 * strongest)
    const difference = greatestDifference(states.get(name) ?? [], values) / scale
    return difference < 1e-3 ? [] : [`${name} by ${difference.toExponential(1)}`]
  })
}

/** The class of each picture. */
function best(logits: Float32Array = new Float32Array()): readonly number[] {
  const classes = logits.length / batch
  return labels.map((_, n) => {
    const own = logits.subarray(n * classes, (n + 1) * classes)
    return own.indexOf(Math.max(...own))
  })
}

/**
 * Where rounding carries an activation over the kink of a ReLU, the gradient jumps; so does the reference's own when its
 * pictures change in the sixth digit. That is a matter of the pictures: a wrong kernel differs on all of them.
 */
const attempts = ['first', 'second', 'third', 'fourth', 'fifth'].map((name) => `image/${name}`)

describe('a step, and then the answers of', () => {
  it.each(
    [...architectures.values()].map(({ names, config }) => [names.join(' '), config] as const),
  )('%s', async (_names, config) => {
    const found: string[] = []
    for (const pictures of attempts) {
      const expected = await stepOf(referenceEngine, config, { pictures })
      const step = await stepOf(wasmEngine, config, { pictures, after: expected.states })
      expect(relativeDifference(step.trained, expected.trained)).toBeLessThan(1e-3)
      for (const [name, values] of expected.answers)
        expect(relativeDifference(step.answers.get(name) ?? [], values), name).toBeLessThan(1e-3)
      expect(best(step.answers.get('logits'))).toEqual(best(expected.answers.get('logits')))
      const different = differences(step.states, expected.states)
      if (different.length === 0) return
      found.push(`${pictures}: ${different.slice(0, 5).join(', ')}`)
    }
    expect(found).toEqual([])
  })
})
