/** Training on the engine of WebAssembly: the same bits on any number of threads, what a run that is called off leaves. */
import { expect, test } from 'vitest'
import { buildResNet } from '../../architecture/build.ts'
import { changed } from '../../architecture/change.ts'
import { buildTraining } from '../../architecture/training.ts'
import { config } from '../../architecture/variants.ts'
import { EngineError, ResourceError } from '../../errors.ts'
import { initialise } from '../../graph/initialise.ts'
import type { Session, TensorMap } from '../engine.ts'
import { openSession } from './wasm.ts'

// Layers by Winograd and direct ones, strides of 2, a projection, channels that 8 divides and 16 does not.
const network = changed(config('resnet18'), {
  input: [48, 40],
  classes: 10,
  'stem.width': 24,
  'stages.0': { blocks: 1, width: 24, stride: 1 },
  'stages.1': { blocks: 1, width: 40, stride: 2 },
  'stages.2': { blocks: 1, width: 64, stride: 2 },
  'stages.3': { blocks: 1, width: 64, stride: 2 },
})
const training = buildTraining(network, { average: true, distillation: { temperature: 2 } })
const start = initialise(training, 1)
const images = 6
/** Of a step that takes so long that it is called off while it runs, however fast the machine is. */
const manyImages = 40 * images

function inputs(step: number, batch = images): TensorMap {
  const image = Float32Array.from({ length: batch * 3 * 48 * 40 }, (_, i) =>
    Math.sin(i * 0.37 + step + (i % 101)),
  )
  const targets = Float32Array.from({ length: batch * 10 }, (_, i) =>
    i % 10 === (Math.floor(i / 10) + step) % 10 ? 1 : 0,
  )
  return new Map([
    ['image', image],
    ['targets', targets],
    ['weights', new Float32Array(batch).fill(0.5 / batch)],
    ['teacherTargets', new Float32Array(batch * 10).fill(0.1)],
    ['teacherWeights', new Float32Array(batch).fill(0.5 / batch)],
  ])
}

const settings = new Map([
  ['rate/all', Float32Array.of(0.1)],
  ['scale', Float32Array.of(1)],
  ['momentum', Float32Array.of(0.9)],
  ['decay/all', Float32Array.of(1e-4)],
  ['keep', Float32Array.of(0.9)],
])

async function open(threads: number, { shared = true, batch = images } = {}): Promise<Session> {
  const session = await openSession(start, { threads }, shared)
  for (const name of ['first', 'next', 'update'] as const) await session.add(name, training[name], { batch })
  return session
}

async function trained(session: Session, steps: number): Promise<TensorMap> {
  for (let step = 0; step < steps; step++) {
    await session.run('first', inputs(2 * step))
    await session.run('next', inputs(2 * step + 1))
    await session.run('update', settings)
  }
  const states = await session.readState()
  await session.dispose()
  return states
}

test('gives the same bits on one, two and three threads, from run to run, and without shared memory', async () => {
  const expected = await trained(await open(1), 4)
  expect([...(expected.get('fc.weight') ?? [])].every(Number.isFinite)).toBe(true)
  expect(expected.get('fc.weight')).not.toEqual(start.get('fc.weight'))
  for (const threads of [1, 2, 3]) expect(await trained(await open(threads), 4)).toEqual(expected)
  expect(await trained(await open(1, { shared: false }), 4)).toEqual(expected)
})

test.each([
  ['threads', true],
  ['the calling thread', false],
])('a step on %s that is called off leaves the state as it was', async (_, shared) => {
  const session = await open(2, { shared, batch: manyImages })
  await session.run('first', inputs(0, manyImages))
  const before = await session.readState()
  const abort = new AbortController()
  const running = session.run('first', inputs(1, manyImages), { signal: abort.signal })
  const end = expect(running).rejects.toThrow('enough')
  setTimeout(() => abort.abort(new Error('enough')), 10)
  await end
  expect(await session.readState()).toEqual(before)
  await session.dispose()
})

test('an update that has begun to write is not torn', async () => {
  const session = await open(2)
  await session.run('first', inputs(0))
  const before = await session.readState()
  const abort = new AbortController()
  const update = session.run('update', settings, { signal: abort.signal })
  setTimeout(() => abort.abort(new Error('enough')), 0)
  const done = await update.then(
    () => true,
    () => false,
  )
  const after = await session.readState()
  await session.dispose()
  if (!done) expect(after).toEqual(before)
  else
    for (const name of ['conv1.weight', 'bn1.running_mean', 'momentum/fc.weight', 'average/fc.weight'])
      expect(after.get(name), name).not.toEqual(before.get(name))
})

test('a session that is disposed of in a step ends it', async () => {
  const session = await open(2, { batch: manyImages })
  const end = expect(session.run('first', inputs(0, manyImages))).rejects.toThrow(
    new EngineError('the session was disposed'),
  )
  await new Promise((resolve) => {
    setTimeout(resolve, 2)
  })
  await session.dispose()
  await end
})

test('a network that is trained answers with its new weights', async () => {
  const session = await open(2)
  const infer = buildResNet(network)
  const image = new Map([['image', inputs(0).get('image') ?? new Float32Array()]])
  await session.add('infer', infer, { batch: images })
  const before = await session.run('infer', image)
  await session.run('first', inputs(0))
  await session.run('update', settings)
  const after = await session.run('infer', image)
  expect(after).not.toEqual(before)
  const fresh = await openSession(await session.readState(), { threads: 2 })
  await fresh.add('infer', infer, { batch: images })
  expect(await fresh.run('infer', image)).toEqual(after)
  await Promise.all([session.dispose(), fresh.dispose()])
})

test('a batch that memory does not hold is refused, and the one that fits is named and fits', async () => {
  const large = buildTraining(config('resnet50'))
  const session = await openSession(initialise(large, 1), { threads: 1 })
  const refused = await session.add('first', large.first, { batch: 64 }).catch((error: unknown) => error)
  expect(refused).toBeInstanceOf(ResourceError)
  const message = refused instanceof Error ? refused.message : ''
  expect(message).toMatch(
    /^a batch of 64 needs \d\.\d GB of WebAssembly memory, of which there are 4\.0; a batch of \d+ fits$/,
  )
  await session.add('first', large.first, { batch: Number(/batch of (\d+) fits/.exec(message)?.[1]) })
  await session.dispose()
})
