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
import { openTraining, relativeDifference, trainingInputs, updateInputs } from './network.ts'

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

  it('trains a part, and spares a part weight decay', async () => {
    const trained = ['fc.weight', 'fc.bias']
    const frozen = ['stem', 'stage 1', 'stage 2', 'stage 3']
    const session = await open(small, 2, { trained, frozen, decayed: (name) => name === 'fc.weight' })
    const before = await session.readState()
    await stepByTwo(session)
    const after = await session.readState()
    const moved = [...after.keys()].filter((name) => after.get(name)?.[0] !== before.get(name)?.[0])
    expect(moved.filter((name) => !name.includes('/'))).toEqual(trained)
    // Gradients of the loss alone: decay, rate 0.1 and the first step make the rest.
    const at = (tensors: TensorMap, name: string) => tensors.get(name)?.[0] ?? Number.NaN
    for (const [name, decay] of [
      ['fc.weight', 5e-4],
      ['fc.bias', 0],
    ] as const) {
      const gradient = at(after, `gradient/${name}`) + decay * at(before, name)
      expect(at(after, name)).toBeCloseTo(at(before, name) - 0.1 * gradient, 6)
    }
  })
})
