import { describe, expect, it } from 'vitest'
import { EngineError, ShapeError } from '../../errors.ts'
import { GraphBuilder } from '../../graph/builder.ts'
import type { Graph } from '../../graph/graph.ts'
import { add } from '../../ops/add.ts'
import { linear } from '../../ops/linear.ts'
import { multiply } from '../../ops/multiply.ts'
import type { Operation } from '../../ops/operation.ts'
import { relu } from '../../ops/relu.ts'
import { scale } from '../../ops/scale.ts'
import { sumTo } from '../../ops/sum-to.ts'
import { referenceEngine } from './reference.ts'

const zeros = { kind: 'constant', value: 0 } as const

/** Outputs `y` = x · total, `sum` = Σ x over [N, 2]; the state `total` [1, 1] goes up by Σ x. */
function counter(last?: Operation): Graph {
  const builder = new GraphBuilder()
  const x = builder.input('x', ['N', 2])
  const total = builder.buffer('total', [1, 1], zeros)
  const y = builder.add('y', multiply, {}, [x, total])
  const sum = builder.add('sum', sumTo, { shape: [1, 1], axes: [0, 1] }, [x])
  builder.assign(total, builder.add('next', add, {}, [total, sum]))
  builder.output('y', last === undefined ? y : builder.add('last', last, {}, [y]))
  builder.output('sum', sum)
  return builder.build()
}

/** An operation that does to its value what a test asks for. */
function probe(act: () => void): Operation {
  return {
    name: 'probe',
    shapes: (inputs) => inputs.slice(0, 1),
    reference(inputs) {
      act()
      return inputs.slice(0, 1).map(({ data }) => data)
    },
  }
}

function inputs(...x: readonly number[]): ReadonlyMap<string, Float32Array> {
  return new Map([['x', Float32Array.from(x)]])
}

const start = new Map([['total', Float32Array.of(3)]])

async function sessionWith(graph: Graph, batch = 1) {
  const session = await referenceEngine.open(start)
  await session.add('count', graph, { batch })
  return session
}

describe('the reference engine', () => {
  it('runs a graph and keeps what it assigns', async () => {
    const session = await sessionWith(counter())
    const first = await session.run('count', inputs(1, 2))
    expect([...(first.get('y') ?? [])]).toEqual([3, 6])
    expect([...(first.get('sum') ?? [])]).toEqual([3])
    expect(await session.readState()).toEqual(new Map([['total', Float32Array.of(6)]]))
    const second = await session.run('count', inputs(1, 2))
    expect([...(second.get('y') ?? [])]).toEqual([6, 12])
  })

  it('commits no assignment of a run that fails', async () => {
    const fails = probe(() => {
      throw new ShapeError('the last node fails')
    })
    const session = await sessionWith(counter(fails))
    await expect(session.run('count', inputs(1, 2))).rejects.toThrow('the last node fails')
    expect(await session.readState(['total'])).toEqual(start)
  })

  it('runs one graph at a time, in the order of the calls', async () => {
    const session = await sessionWith(counter())
    const runs = await Promise.all([1, 10, 100].map((x) => session.run('count', inputs(x, 0))))
    expect(runs.map((outputs) => outputs.get('y')?.[0])).toEqual([3, 40, 1400])
    expect((await session.readState()).get('total')?.[0]).toBe(114)
  })

  it('goes on after a failed run', async () => {
    const session = await sessionWith(counter())
    const failed = session.run('count', new Map())
    const good = session.run('count', inputs(1, 1))
    await expect(failed).rejects.toThrow(EngineError)
    expect((await good).get('sum')?.[0]).toBe(2)
  })

  it('takes several graphs and batch sizes on one set of states', async () => {
    const session = await sessionWith(counter())
    await session.add('count2', counter(), { batch: 2 })
    await session.run('count2', inputs(1, 2, 3, 4))
    expect([...((await session.run('count', inputs(1, 0))).get('y') ?? [])]).toEqual([13, 0])
  })

  it('rounds to single precision at the borders alone', async () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', ['N', 1])
    const up = builder.add('up', scale, { factor: 1, offset: 1e10 }, [x])
    builder.output('y', builder.add('down', scale, { factor: 1, offset: -1e10 }, [up]))
    const session = await sessionWith(builder.build())
    expect((await session.run('count', inputs(0.5))).get('y')?.[0]).toBe(0.5)
  })

  it('keeps its states apart from the arrays of the caller', async () => {
    const given = Float32Array.of(3)
    const session = await referenceEngine.open(new Map([['total', given]]))
    given.fill(7)
    const read = (await session.readState()).get('total')
    expect(read?.[0]).toBe(3)
    read?.fill(8)
    await session.writeState(new Map([['total', Float32Array.of(5)]]))
    expect((await session.readState()).get('total')?.[0]).toBe(5)
  })

  it('profiles each node with its time, multiply-adds and bytes', async () => {
    const builder = new GraphBuilder()
    const weight = builder.parameter('weight', [3, 2], zeros)
    const y = builder.add('fc', linear, {}, [builder.input('x', ['N', 2]), weight])
    builder.output('y', builder.add('relu', relu, {}, [y]))
    const session = await referenceEngine.open(new Map([['weight', new Float32Array(6)]]))
    await session.add('layer', builder.build(), { batch: 4 })
    const timings = await session.profile('layer', inputs(...new Array(8).fill(1)))
    expect(timings.map(({ kernel, nodes, macs }) => ({ kernel, nodes, macs }))).toEqual([
      { kernel: 'linear', nodes: ['fc'], macs: 24 },
      { kernel: 'relu', nodes: ['relu'], macs: 0 },
    ])
    expect(timings[0]?.bytes).toBe(8 * (8 + 6 + 12))
    expect(timings.every(({ milliseconds }) => milliseconds >= 0)).toBe(true)
  })
})

describe('a signal', () => {
  it('stops a run that was called off before it began', async () => {
    const session = await sessionWith(counter())
    const run = session.run('count', inputs(1, 2), { signal: AbortSignal.abort() })
    await expect(run).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }))
    expect(await session.readState()).toEqual(start)
  })

  it('reaches a long run between two nodes, since the event loop turns', async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 0)
    let nodes = 0
    const busy = probe(() => {
      nodes++
      for (const end = performance.now() + 30; performance.now() < end; );
    })
    const builder = new GraphBuilder()
    let value = builder.add('first', busy, {}, [builder.input('x', ['N', 2])])
    for (let i = 0; i < 20; i++) value = builder.add(`node${i}`, busy, {}, [value])
    builder.output('y', value)
    const session = await sessionWith(builder.build())
    await expect(session.run('count', inputs(1, 2), { signal: controller.signal })).rejects.toThrow(
      expect.objectContaining({ name: 'AbortError' }),
    )
    expect(nodes).toBeLessThan(10)
  })
})

describe('refusals name what is wrong', () => {
  it('of graphs', async () => {
    const session = await referenceEngine.open(new Map())
    await expect(session.add('count', counter(), { batch: 1 })).rejects.toThrow(
      new EngineError('state "total" [1, 1] is missing'),
    )
    const other = await referenceEngine.open(new Map([['total', new Float32Array(2)]]))
    await expect(other.add('count', counter(), { batch: 1 })).rejects.toThrow(
      'state "total" must have 1 elements [1, 1], not 2',
    )
    await expect(other.add('count', counter(), { batch: 0 })).rejects.toThrow(
      'a batch must be a whole number from 1, not 0',
    )
    await expect(other.run('count', inputs(1, 2))).rejects.toThrow('no graph named "count" was added')
  })

  it('of inputs', async () => {
    const session = await sessionWith(counter(), 2)
    await expect(session.run('count', new Map())).rejects.toThrow('input "x" [2, 2] is missing')
    await expect(session.run('count', inputs(1, 2))).rejects.toThrow(
      'input "x" must have 4 elements [2, 2], not 2',
    )
  })

  it('of states, and writes none of them then', async () => {
    const session = await sessionWith(counter())
    await expect(session.readState(['mean'])).rejects.toThrow('the session has no state named "mean"')
    const tensors = new Map([
      ['total', Float32Array.of(1)],
      ['mean', Float32Array.of(1)],
    ])
    await expect(session.writeState(tensors)).rejects.toThrow('the session has no state named "mean"')
    await expect(session.writeState(new Map([['total', new Float32Array(2)]]))).rejects.toThrow(
      'state "total" has 1 elements, not 2',
    )
    expect(await session.readState()).toEqual(start)
  })

  it('of a session that was disposed', async () => {
    const session = await sessionWith(counter())
    await session.dispose()
    await expect(session.run('count', inputs(1, 2))).rejects.toThrow('the session was disposed')
    await expect(session.readState()).rejects.toThrow(EngineError)
  })
})
