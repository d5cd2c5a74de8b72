/** The engine of WebAssembly: the same answers on any number of threads, faults, what it holds and gives back. */
import { once } from 'node:events'
import type { Worker } from 'node:worker_threads'
import { describe, expect, test } from 'vitest'
import { levelNames } from '../../../test/wasm-levels.ts'
import { buildResNet } from '../../architecture/build.ts'
import { changed } from '../../architecture/change.ts'
import { config } from '../../architecture/variants.ts'
import { EngineError } from '../../errors.ts'
import { GraphBuilder } from '../../graph/builder.ts'
import { initialise } from '../../graph/initialise.ts'
import type { Operation } from '../../ops/operation.ts'
import type { EngineOptions, Session, TensorMap } from '../engine.ts'
import { referenceEngine } from '../reference/reference.ts'
import type { LevelName } from './levels.ts'
import { openSession, wasmEngine } from './wasm.ts'

const network = buildResNet(changed(config('resnet18'), { input: [64, 64], classes: 10 }))
const weights = initialise(network, 1)

/** A batch of pictures that differ. */
function pictures(batch: number, size = 64): TensorMap {
  const values = Float32Array.from({ length: batch * 3 * size * size }, (_, i) =>
    Math.sin(i * 0.37 + (i % 101)),
  )
  return new Map([['image', values]])
}

async function logitsOf(opening: Promise<Session>, batch: number) {
  const session = await opening
  try {
    await session.add('infer', network, { batch })
    const [first, second] = [
      await session.run('infer', pictures(batch)),
      await session.run('infer', pictures(batch)),
    ]
    expect(second).toEqual(first)
    return first.get('logits') ?? new Float32Array()
  } finally {
    await session.dispose()
  }
}

describe.each([1, 3])('a batch of %i', (batch) => {
  const at = (level: LevelName, options: EngineOptions = {}, shared = true) =>
    logitsOf(openSession(weights, options, shared, level), batch)

  test.each(
    levelNames,
  )('gives the same bits on any number of threads, from run to run, without shared memory: level %s', async (level) => {
    const one = await at(level, { threads: 1 })
    for (const threads of [2, 3]) expect(await at(level, { threads })).toEqual(one)
    expect(await at(level, {}, false)).toEqual(one)
  })

  test('gives the same bits whether V8 revectorizes or not', async () => {
    expect(await at('wide')).toEqual(await at('relaxed'))
  })

  test('agrees with the reference engine at every level', async () => {
    const expected = await logitsOf(referenceEngine.open(weights), batch)
    const greatest = Math.max(...expected.map(Math.abs))
    for (const level of levelNames) {
      const logits = await at(level)
      const differences = logits.map((value, i) => Math.abs(value - (expected[i] ?? Number.NaN)))
      expect(Math.max(...differences), level).toBeLessThan(1e-4 * greatest)
    }
  })
})

/** The threads that are started meanwhile. */
async function threadsOf<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly threads: readonly Worker[] }> {
  const threads: Worker[] = []
  const take = (thread: Worker) => threads.push(thread)
  process.on('worker', take)
  try {
    const result = await work()
    await underWay()
    return { result, threads }
  } finally {
    process.off('worker', take)
  }
}

async function opened(options: EngineOptions = { threads: 2 }, shared = true) {
  const session = await openSession(weights, options, shared)
  await session.add('infer', network, { batch })
  return session
}

/** Enough pictures for a run to be under way when something happens to it. */
const batch = 96

describe.each([
  ['threads', true],
  ['the calling thread', false],
])('a run on %s', (_, shared) => {
  test('ends with an error when its session is disposed, and so does every later call', async () => {
    const session = await opened({ threads: 2 }, shared)
    const running = session.run('infer', pictures(batch))
    const queued = session.run('infer', pictures(batch))
    await underWay()
    const ends = [running, queued].map((run) =>
      expect(run).rejects.toThrow(new EngineError('the session was disposed')),
    )
    await session.dispose()
    await Promise.all(ends)
    await expect(session.readState()).rejects.toThrow(new EngineError('the session was disposed'))
    await session.dispose()
  })

  test('stops at a signal, and the next one answers as before', async () => {
    const session = await opened({ threads: 2 }, shared)
    const start = performance.now()
    const expected = await session.run('infer', pictures(batch))
    const whole = performance.now() - start
    const abort = new AbortController()
    const running = session.run('infer', pictures(batch), { signal: abort.signal })
    const end = expect(running).rejects.toThrow('enough')
    await underWay()
    const aborted = performance.now()
    abort.abort(new Error('enough'))
    await end
    expect(performance.now() - aborted).toBeLessThan(whole)
    await expect(session.run('infer', pictures(batch), { signal: abort.signal })).rejects.toThrow('enough')
    expect(await session.run('infer', pictures(batch))).toEqual(expected)
    await session.dispose()
  })

  test('stops at a signal that fires while what follows from written states is renewed', async () => {
    const session = await opened({ threads: 2 }, shared)
    await session.writeState(weights)
    const abort = new AbortController()
    const running = session.run('infer', pictures(batch), { signal: abort.signal })
    setImmediate(() => abort.abort(new Error('enough')))
    await expect(running).rejects.toThrow('enough')
    await session.dispose()
  })
})

/** A little later, when a run has begun. */
function underWay(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 20)
  })
}

describe('threads', () => {
  test('that die end the run and the others with them, and the session says so from then on', async () => {
    const { result: session, threads } = await threadsOf(opened)
    expect(threads.length).toBe(2)
    const running = session.run('infer', pictures(batch))
    const end = expect(running).rejects.toThrow(new EngineError('a thread died: it ended with code 1'))
    await underWay()
    const others = Promise.all(threads.map((thread) => once(thread, 'exit')))
    await threads[1]?.terminate()
    await end
    await others
    await expect(session.run('infer', pictures(batch))).rejects.toThrow('a thread died')
    await session.dispose()
  })

  test('end with their session', async () => {
    const { result: session, threads } = await threadsOf(opened)
    await session.dispose()
    expect(threads.map(({ threadId }) => threadId)).toEqual([-1, -1])
  })

  test.each([0, 1.5, Number.NaN])('cannot be %d', async (threads) => {
    await expect(wasmEngine.open(weights, { threads })).rejects.toThrow(
      new EngineError(`threads must be a whole number from 1, not ${threads}`),
    )
  })
})

describe('a session', () => {
  test('says what it runs on', async () => {
    for (const [threads, words] of [
      [1, /SIMD, 1 thread$/],
      [2, /SIMD, 2 threads( on 1 processor)?$/],
    ] as const) {
      const session = await openSession(new Map(), { threads })
      expect(session.runsOn).toMatch(words)
      await session.dispose()
    }
  })

  test('packs anew what depends on written states', async () => {
    const later = initialise(network, 2)
    const written = await openSession(weights, {})
    await written.add('infer', network, { batch: 1 })
    await written.run('infer', pictures(1))
    await written.writeState(later)
    const fresh = await openSession(later, {})
    await fresh.add('infer', network, { batch: 1 })
    expect(await written.run('infer', pictures(1))).toEqual(await fresh.run('infer', pictures(1)))
    expect(await written.readState(['fc.bias'])).toEqual(new Map([['fc.bias', later.get('fc.bias')]]))
    await Promise.all([written.dispose(), fresh.dispose()])
  })

  test('runs one call after the other, and graphs for several batches side by side', async () => {
    const session = await openSession(weights, {})
    for (const size of [1, 3]) await session.add(`batch ${size}`, network, { batch: size })
    const [one, three, again] = await Promise.all([
      session.run('batch 1', pictures(1)),
      session.run('batch 3', pictures(3)),
      session.run('batch 1', pictures(1)),
    ])
    expect(again).toEqual(one)
    expect(three.get('logits')?.length).toBe(30)
    await session.dispose()
  })

  test('names the node and the operation that it has no kernel for', async () => {
    const sine: Operation<object> = {
      name: 'sine',
      shapes: (inputs) => inputs,
      reference: (inputs) => inputs.map(({ data }) => data.map(Math.sin)),
    }
    const graph = new GraphBuilder()
    graph.output('wave', graph.add('wave', sine, {}, [graph.input('x', ['N', 8])]))
    const session = await openSession(new Map(), { threads: 1 })
    await expect(session.add('infer', graph.build(), { batch: 1 })).rejects.toThrow(
      new EngineError('wave: the wasm engine has no kernel for sine yet'),
    )
    await session.dispose()
  })

  test('says what is missing or of another size', async () => {
    const session = await openSession(new Map(weights).set('fc.bias', new Float32Array(9)), { threads: 1 })
    const add = (size: number) => session.add('infer', network, { batch: size })
    await expect(add(1)).rejects.toThrow(new EngineError('state "fc.bias" must have 10 elements, not 9'))
    await expect(add(0)).rejects.toThrow(new EngineError('a batch must be a whole number from 1, not 0'))
    await expect(session.run('infer', pictures(1))).rejects.toThrow(
      new EngineError('no graph named "infer" was added to this session'),
    )
    await expect(session.writeState(new Map([['x', new Float32Array()]]))).rejects.toThrow(
      new EngineError('the session has no state named "x"'),
    )
    await session.dispose()
    const whole = await openSession(weights, { threads: 1 })
    await whole.add('infer', network, { batch: 1 })
    const oversized = new EngineError('input "image" must have 12288 elements, not 24576')
    await expect(whole.run('infer', pictures(2))).rejects.toThrow(oversized)
    await expect(whole.profile('infer', pictures(2))).rejects.toThrow(oversized)
    await whole.dispose()
  })
})
