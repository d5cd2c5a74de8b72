import { describe, expect, test } from 'vitest'
import { generateInput, generateStates } from '../../../test/generator.ts'
import { onnxRuntime } from '../../../test/onnxruntime.ts'
import { buildResNet } from '../../architecture/build.ts'
import { changed } from '../../architecture/change.ts'
import { buildGradients } from '../../architecture/gradients.ts'
import { config } from '../../architecture/variants.ts'
import { EngineError } from '../../errors.ts'
import { select } from '../../graph/select.ts'
import type { Session } from '../engine.ts'
import { type OnnxRuntimeOptions, onnxruntime } from './onnxruntime.ts'
import { loadRuntime as loadInPage } from './runtime.browser.ts'

const tiny = changed(config('resnet20'), { input: [8, 8], 'stages.0.blocks': 1 })
const graph = buildResNet(tiny)
const state = generateStates(graph)
const images = (batch: number) => new Map([['image', generateInput([batch, 3, 8, 8])]])

describe.skipIf(onnxRuntime === undefined)('a session on ONNX Runtime (npm install in bench/)', () => {
  const given: OnnxRuntimeOptions = onnxRuntime === undefined ? {} : { runtime: onnxRuntime }
  const engine = onnxruntime(given)

  async function opened(work: (session: Session) => Promise<void>): Promise<void> {
    const session = await engine.open(state, { threads: 1 })
    try {
      await session.add('run', graph, { batch: 1 })
      await work(session)
    } finally {
      await session.dispose()
    }
  }
  const logitsOf = async (session: Session, name = 'run', batch = 1) => [
    ...((await session.run(name, images(batch))).get('logits') ?? []),
  ]

  test('says what it runs on', async () => {
    const session = await onnxruntime({ ...given, providers: ['cpu'] }).open(state, { threads: 1 })
    expect(session.runsOn).toBe('the given ONNX Runtime on cpu, 1 thread')
    await session.dispose()
  })

  test('answers the first of two images as it does one', () =>
    opened(async (session) => {
      await session.add('two', graph, { batch: 2 })
      const [one, two] = [await logitsOf(session), await logitsOf(session, 'two', 2)]
      expect(two).toHaveLength(20)
      for (const [i, value] of one.entries()) expect(two[i]).toBeCloseTo(value, 5)
    }))

  test('runs a part of a network that has other outputs', () =>
    opened(async (session) => {
      await session.add('features', select(graph, ['features', 'stage1']), { batch: 1 })
      const outputs = await session.run('features', images(1))
      expect([...outputs].map(([name, values]) => [name, values.length])).toEqual([
        ['features', 64],
        ['stage1', 16 * 8 * 8],
      ])
    }))

  test('computes with new weights once they are written', () =>
    opened(async (session) => {
      const before = await logitsOf(session)
      await session.writeState(new Map([['fc.bias', new Float32Array(10).fill(100)]]))
      const bias = state.get('fc.bias') ?? []
      const after = await logitsOf(session)
      for (const [i, value] of before.entries()) expect(after[i]).toBeCloseTo(value - (bias[i] ?? 0) + 100, 3)
      expect((await session.readState(['fc.bias'])).get('fc.bias')).toEqual(new Float32Array(10).fill(100))
    }))

  test('times the whole graph as one kernel', () =>
    opened(async (session) => {
      const [timing, ...others] = await session.profile('run', images(1))
      expect(others).toEqual([])
      expect(timing).toMatchObject({ kernel: 'onnxruntime', nodes: graph.nodes.map(({ name }) => name) })
      expect(timing?.macs).toBeGreaterThan(1e5)
      expect(timing?.milliseconds).toBeGreaterThan(0)
    }))

  test('refuses training, unknown names and inputs of another size', () =>
    opened(async (session) => {
      const gradients = buildGradients(tiny)
      await expect(session.add('train', gradients, { batch: 1 })).rejects.toThrow(
        'onnxruntime infers only, and "train" changes its states; train with wasm',
      )
      await expect(session.run('other', images(1))).rejects.toThrow('no graph named "other"')
      await expect(session.run('run', new Map())).rejects.toThrow('input "image" [1, 3, 8, 8] is missing')
      await expect(session.run('run', images(2))).rejects.toThrow(
        'input "image" must have 192 elements [1, 3, 8, 8], not 384',
      )
      await expect(session.writeState(new Map([['fc.bias', new Float32Array(3)]]))).rejects.toThrow(
        'state "fc.bias" has 10 elements, not 3',
      )
      await expect(session.add('half', graph, { batch: 0.5 })).rejects.toThrow('a whole number from 1')
      expect(await logitsOf(session)).toHaveLength(10)
    }))

  test('names a state that is missing', async () => {
    const session = await engine.open(new Map([...state].filter(([name]) => name !== 'fc.bias')))
    const adding = session.add('run', graph, { batch: 1 })
    await expect(adding).rejects.toThrow(EngineError)
    await expect(adding).rejects.toThrow('onnxruntime: fc.bias must have 10 numbers')
    await session.dispose()
  })

  test('stops where it is told to, and after it was disposed', () =>
    opened(async (session) => {
      const signal = AbortSignal.abort()
      await expect(session.run('run', images(1), { signal })).rejects.toThrow(/abort/)
      const running = session.run('run', images(1))
      const refused = expect(running).rejects.toThrow('the session was disposed')
      await session.dispose()
      await refused
      await expect(session.run('run', images(1))).rejects.toThrow('the session was disposed')
    }))

  test('passes on what ONNX Runtime says', async () => {
    const session = await onnxruntime({ ...given, providers: ['nowhere'] }).open(state)
    const adding = session.add('run', graph, { batch: 1 })
    await expect(adding).rejects.toThrow(EngineError)
    await expect(adding).rejects.toThrow(/^onnxruntime: .*nowhere/s)
    await session.dispose()
  })
})

test('without its package the engine says what to install', async () => {
  await expect(onnxruntime().open(state)).rejects.toThrow(
    /^the engine onnxruntime needs the package onnxruntime-node, which .*; npm install onnxruntime-node, or use the engine wasm$/,
  )
})

test('in a page, where every bundle would have to hold the package, the engine says how its module is given', async () => {
  await expect(loadInPage()).rejects.toThrow(EngineError)
  await expect(loadInPage()).rejects.toThrow('onnxruntime({ runtime: ort })')
})
