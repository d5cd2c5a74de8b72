import { describe, expect, it } from 'vitest'
import { evaluate } from '../../test/evaluate.ts'
import { GraphError, ShapeError } from '../errors.ts'
import { add } from '../ops/add.ts'
import { maxPool, maxPoolGradient } from '../ops/max-pool.ts'
import { multiply } from '../ops/multiply.ts'
import { relu } from '../ops/relu.ts'
import { scale } from '../ops/scale.ts'
import { sumTo } from '../ops/sum-to.ts'
import { pad } from '../ops/window.ts'
import { GraphBuilder } from './builder.ts'
import { differentiate } from './differentiate.ts'
import { type Initialiser, parametersOf } from './graph.ts'
import { initialise } from './initialise.ts'
import { beyond, select } from './select.ts'

const zeros: Initialiser = { kind: 'constant', value: 0 }

/** loss = Σ (x · w + b)², over x [N, 3]. */
function squares() {
  const builder = new GraphBuilder({ section: 'body' })
  const x = builder.input('x', ['N', 3])
  const w = builder.parameter('w', [1, 3], zeros)
  const b = builder.parameter('b', [1, 1], zeros)
  const product = builder.add('product', multiply, {}, [x, w])
  const bias = builder.add('bias', multiply, {}, [
    builder.add('ones', scale, { factor: 0, offset: 1 }, [x]),
    b,
  ])
  const y = builder.add('y', add, {}, [product, bias])
  const square = builder.add('square', multiply, {}, [y, y])
  builder.output('loss', builder.add('loss', sumTo, { shape: [], axes: [] }, [square]))
  return builder.build()
}

describe('the builder', () => {
  it('refuses a name given twice', () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', ['N', 3])
    builder.add('y', relu, {}, [x])
    expect(() => builder.add('y', relu, {}, [x])).toThrow(
      new GraphError('the graph has a node named "y" already'),
    )
    expect(() => builder.parameter('x', [3], zeros)).toThrow('the graph has a value named "x" already')
  })

  it('names the node that gets a wrong shape', () => {
    const builder = new GraphBuilder()
    const inputs = [builder.input('x', ['N', 3]), builder.input('y', ['N', 4])]
    expect(() => builder.add('layer1.0.add', add, {}, inputs)).toThrow(ShapeError)
    expect(() => builder.add('layer1.0.other', add, {}, inputs)).toThrow(
      'layer1.0.other: add needs two values of one shape, not [N, 3] and [N, 4]',
    )
  })
})

describe('differentiation', () => {
  it('adds up the gradients of a value that is read twice', () => {
    const graph = differentiate(squares(), 'loss', ['x', 'w', 'b'])
    const given = new Map([
      ['x', Float64Array.of(1, 2, 3)],
      ['w', Float64Array.of(2, 0, -1)],
      ['b', Float64Array.of(0.5)],
    ])
    const outputs = evaluate(graph, given, 1)
    // y = (2.5, 0.5, -2.5); dloss/dy = 2y
    expect([...(outputs.get('gradient/w') ?? [])]).toEqual([5, 2, -15])
    expect([...(outputs.get('gradient/x') ?? [])]).toEqual([10, 0, 5])
    expect([...(outputs.get('gradient/b') ?? [])]).toEqual([1])
  })

  it('follows only what is asked for', () => {
    const plain = squares()
    const added = (wrt: readonly string[]) =>
      differentiate(plain, 'loss', wrt).nodes.length - plain.nodes.length
    expect(added(['b'])).toBeLessThan(added(['b', 'w']))
    expect(added(['b', 'w'])).toBeLessThan(added(['b', 'w', 'x']))
  })

  it('says what it cannot do', () => {
    const builder = new GraphBuilder()
    const x = builder.input('x', ['N', 1, 4, 4])
    const window = { kernel: [2, 2], stride: [2, 2], padding: pad(0), paddingValue: 'zero' } as const
    const pooled = builder.add('pool', maxPool, window, [x])
    const gradient = builder.add('backward', maxPoolGradient, window, [x, pooled])
    builder.add('loss', sumTo, { shape: [], axes: [] }, [gradient])
    builder.input('apart', [1])
    const graph = builder.build()
    expect(() => differentiate(graph, 'loss', ['x'])).toThrow(
      'backward: maxPoolGradient is itself a gradient',
    )
    expect(() => differentiate(graph, 'pool', ['x'])).toThrow('a loss must be a single number of shape []')
    expect(() => differentiate(graph, 'loss', ['y'])).toThrow('the graph has no value named "y"')
    expect(() => differentiate(graph, 'loss', ['apart'])).toThrow('"loss" does not depend on "apart"')
  })
})

describe('selection', () => {
  it('keeps what the named values need and nothing else', () => {
    const part = select(squares(), ['product'])
    expect(part.nodes.map(({ name }) => name)).toEqual(['product'])
    expect([...part.states.keys()]).toEqual(['w'])
    expect([...part.outputs.keys()]).toEqual(['product'])
    expect(() => select(squares(), ['nothing'])).toThrow('the graph has no value named "nothing"')
  })
})

describe('what lies beyond a value', () => {
  it('reads the value from outside, and leaves out what was needed for it alone', () => {
    const rest = beyond(squares(), 'product', 'given')
    expect(rest.nodes.map(({ name }) => name)).toEqual(['ones', 'bias', 'y', 'square', 'loss'])
    expect([...rest.inputs.keys()]).toEqual(['x', 'given'])
    expect([...rest.states.keys()]).toEqual(['b'])
    expect(rest.values.get('product')).toEqual({ kind: 'input', name: 'given', shape: ['N', 3] })
    expect([...beyond(squares(), 'y', 'x').inputs.keys()]).toEqual(['x'])
  })

  it('cannot read another value under the name of an input that it still needs', () => {
    expect(() => beyond(squares(), 'product', 'x')).toThrow('what lies beyond "product" still reads "x"')
  })

  it('answers what the whole graph does', () => {
    const whole = squares()
    const given = new Map([
      ['w', Float64Array.of(1, -2, 3)],
      ['b', Float64Array.of(0.5)],
      ['x', Float64Array.of(1, 2, 3, -1, 0, 2)],
    ])
    const y = evaluate(select(whole, ['y']), given, 2).get('y') ?? new Float64Array()
    const rest = evaluate(beyond(whole, 'y', 'given'), new Map([['given', y]]), 2)
    expect(rest.get('loss')).toEqual(evaluate(whole, given, 2).get('loss'))
  })
})

describe('first values', () => {
  const shape = [256, 64, 3, 3]
  function states(order: readonly string[]) {
    const builder = new GraphBuilder()
    for (const name of order)
      builder.parameter(name, shape, { kind: 'kaiming-normal', fan: name === 'in' ? 'in' : 'out' })
    builder.parameter('linear', [10, 400], { kind: 'uniform', fanIn: 400 })
    builder.parameter('ones', [4], { kind: 'constant', value: 1 })
    return builder.build()
  }
  const deviation = (values: Float32Array) => {
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
  }

  it('have the deviation that the field gives them', () => {
    const values = initialise(states(['in', 'out']), 1)
    expect(deviation(values.get('in') ?? new Float32Array())).toBeCloseTo(Math.sqrt(2 / (64 * 9)), 3)
    expect(deviation(values.get('out') ?? new Float32Array())).toBeCloseTo(Math.sqrt(2 / (256 * 9)), 3)
    expect(Math.max(...(values.get('linear') ?? []))).toBeLessThanOrEqual(1 / 20)
    expect([...(values.get('ones') ?? [])]).toEqual([1, 1, 1, 1])
  })

  it('depend on seed and name alone', () => {
    const one = initialise(states(['in', 'out']), 1)
    expect(initialise(states(['out', 'in']), 1).get('in')).toEqual(one.get('in'))
    expect(initialise(states(['in']), 2).get('in')).not.toEqual(one.get('in'))
    expect(parametersOf(states(['in']))).toHaveLength(3)
  })
})
