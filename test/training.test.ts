/** Steps of training on an engine: micro-batches, steps that are given up, parts that are frozen. */
import { afterEach, describe, expect, it } from 'vitest'
import { changed } from '../src/architecture/change.ts'
import type { ResNetConfig } from '../src/architecture/config.ts'
import { buildGradients } from '../src/architecture/gradients.ts'
import { buildTraining, type TrainingOptions } from '../src/architecture/training.ts'
import { config } from '../src/architecture/variants.ts'
import type { Session, TensorMap } from '../src/engines/engine.ts'
import { referenceEngine } from '../src/engines/reference/reference.ts'
import { wasmEngine } from '../src/engines/wasm/wasm.ts'
import { generate } from './generator.ts'
import { numbers, openTraining, relativeDifference, trainingInputs, updateInputs } from './network.ts'

const engines = [referenceEngine, wasmEngine]

const classes = 4
const small = changed(config('resnet20'), {
  input: [8, 8],
  classes,
  'stem.width': 8,
  'stages.0': { blocks: 1, width: 8, stride: 1 },
  'stages.1': { blocks: 1, width: 16, stride: 2 },
  'stages.2': { blocks: 1, width: 24, stride: 2 },
})
const withoutStatistics = changed(small, { normalisation: { kind: 'group', groups: 4, epsilon: 1e-5 } })

const images = generate('input', [4, 3, 8, 8])
const labels = [2, 0, 3, 2]
const settings = updateInputs({ rate: 0.1, momentum: 0.9, decay: 5e-4 })

/** The inputs of images `from` to `to` of a step of four. */
function part(from: number, to: number): TensorMap {
  const size = images.length / labels.length
  return trainingInputs(images.slice(from * size, to * size), labels.slice(from, to), {
    classes,
    weight: 1 / labels.length,
  })
}

describe.each(engines)('the engine $name', (engine) => {
  const sessions: Session[] = []
  afterEach(async () => {
    for (const session of sessions.splice(0)) await session.dispose()
  })

  async function open(network: ResNetConfig, batch: number, options?: TrainingOptions): Promise<Session> {
    const session = await openTraining(engine, buildTraining(network, options), batch)
    sessions.push(session)
    return session
  }

  /** A step of two micro-batches of two images; answers what the second one did. */
  async function stepByTwo(session: Session): Promise<TensorMap> {
    await session.run('first', part(0, 2))
    const outputs = await session.run('next', part(2, 4))
    await session.run('update', settings)
    return outputs
  }

  it('makes one batch of micro-batches where no statistics of a batch are taken', async () => {
    const whole = await open(withoutStatistics, 4)
    const parts = await open(withoutStatistics, 2)
    for (let step = 0; step < 2; step++) {
      const expected = await whole.run('first', part(0, 4))
      await whole.run('update', settings)
      const outputs = await stepByTwo(parts)
      const norm = expected.get('squaredNorm') ?? []
      expect(relativeDifference(outputs.get('squaredNorm') ?? [], [...norm])).toBeLessThan(1e-4)
    }
    const states = await parts.readState()
    for (const [name, values] of await whole.readState()) {
      expect(relativeDifference(states.get(name) ?? [], [...values]), name).toBeLessThan(1e-4)
    }
  })

  it('advances running statistics once for each micro-batch', async () => {
    const session = await open(small, 2)
    const other = await engine.open(await session.readState())
    sessions.push(other)
    await other.add('gradients', buildGradients(small), { batch: 2 })
    await stepByTwo(session)
    for (const inputs of [part(0, 2), part(2, 4)]) await other.run('gradients', inputs)
    const name = 'layer3.0.bn2.running_var'
    const [ours, expected] = [await session.readState([name]), await other.readState([name])]
    expect(relativeDifference(ours.get(name) ?? [], [...(expected.get(name) ?? [])])).toBeLessThan(1e-6)
  })

  it('leaves a network as it was when a step is given up', async () => {
    const session = await open(small, 2)
    await stepByTwo(session)
    const before = await session.readState()
    const spoilt = new Map([...part(0, 2), ['image', new Float32Array(images.length / 2).fill(Number.NaN)]])
    await session.run('first', part(2, 4))
    const outputs = await session.run('next', spoilt)
    expect(outputs.get('loss')).toEqual(Float32Array.of(Number.NaN))
    expect(outputs.get('squaredNorm')).toEqual(Float32Array.of(Number.NaN))
    const network = [...before.keys()].filter((name) => !/^(gradient|pending)/.test(name))
    const after = await session.readState(network)
    for (const name of network) expect(after.get(name), name).toEqual(before.get(name))
    expect((await stepByTwo(session)).get('loss')?.[0]).toBeLessThan(10)
  })

  it('trains a part by the rate and decay of its groups', async () => {
    const trained = ['fc.weight', 'fc.bias']
    const groups = trained.map((name) => ({ name, parameters: [name] }))
    const frozen = ['stem', 'stage 1', 'stage 2', 'stage 3']
    const session = await open(small, 2, { groups, frozen, average: true })
    const before = await session.readState()
    await session.run('first', part(0, 2))
    await session.run('next', part(2, 4))
    const step = { 'rate/fc.weight': 0.1, 'decay/fc.weight': 5e-4, 'rate/fc.bias': 0.05, 'decay/fc.bias': 0 }
    await session.run('update', numbers({ ...step, scale: 0.5, momentum: 0.9, keep: 0.25 }))
    const after = await session.readState()
    const moved = [...after.keys()].filter((name) => after.get(name)?.[0] !== before.get(name)?.[0])
    expect(moved.filter((name) => !name.includes('/'))).toEqual(trained)
    // Gradients of the loss alone: scale, decay, rate and the first step make the rest; averages start at zero.
    const at = (tensors: TensorMap, name: string) => tensors.get(name)?.[0] ?? Number.NaN
    for (const [name, rate, decay] of [
      ['fc.weight', 0.1, 5e-4],
      ['fc.bias', 0.05, 0],
    ] as const) {
      const gradient = 0.5 * at(after, `gradient/${name}`) + decay * at(before, name)
      expect(at(after, name)).toBeCloseTo(at(before, name) - rate * gradient, 6)
      expect(at(after, `average/${name}`)).toBeCloseTo(0.75 * at(after, name), 6)
    }
  })

  it('averages what a step makes of parameters and running statistics', async () => {
    const session = await open(small, 4, { average: true })
    const averaged = ['conv1.weight', 'fc.bias', 'layer3.0.bn2.running_var', 'bn1.running_mean']
    let expected = averaged.map(() => 0)
    for (const keep of [0, 0.5, 0.9]) {
      await session.run('first', part(0, 4))
      await session.run('update', new Map([...settings, ...numbers({ keep })]))
      const states = await session.readState()
      expected = expected.map(
        (value, i) => keep * value + (1 - keep) * (states.get(averaged[i] ?? '')?.[0] ?? 0),
      )
      for (const [i, name] of averaged.entries())
        expect(states.get(`average/${name}`)?.[0], name).toBeCloseTo(expected[i] ?? Number.NaN, 6)
    }
  })

  it('learns from a teacher by its softened answers', async () => {
    const session = await open(small, 4, { distillation: { temperature: 2 } })
    const inputs = part(0, 4)
    const teacher = Float32Array.from({ length: 16 }, (_, i) => [0.4, 0.3, 0.2, 0.1][(i + (i >> 2)) % 4] ?? 0)
    const run = async (targets: number, share: number) => {
      const outputs = await session.run(
        'first',
        new Map([
          ...inputs,
          ['weights', new Float32Array(4).fill(targets)],
          ['teacherTargets', teacher],
          ['teacherWeights', new Float32Array(4).fill(share)],
        ]),
      )
      return { loss: outputs.get('loss')?.[0] ?? Number.NaN, logits: [...(outputs.get('logits') ?? [])] }
    }
    const [labels, { loss, logits }, both] = [await run(0.25, 0), await run(0, 1), await run(0.25, 1)]
    let expected = 0
    for (let image = 0; image < 4; image++) {
      const row = logits.slice(4 * image, 4 * image + 4).map((logit) => logit / 2)
      const total = Math.log(row.reduce((sum, logit) => sum + Math.exp(logit), 0))
      row.forEach((logit, k) => {
        expected += (teacher[4 * image + k] ?? 0) * (total - logit)
      })
    }
    expect(loss).toBeCloseTo(expected, 4)
    expect(both.loss).toBeCloseTo(labels.loss + loss, 4)
  })
})
