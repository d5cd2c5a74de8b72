import { describe, expect, it } from 'vitest'
import { readTopology } from './keras-topology.ts'

const read = (value: unknown) => readTopology(value, 'model.json: modelTopology')
const layer = (className: string, name: string, inbound: unknown, config: object = {}) => ({
  class_name: className,
  name,
  config: { name, ...config },
  inbound_nodes: inbound,
})
const node = (...names: readonly string[]) => [names.map((name) => [name, 0, 0, {}])]
const graph = (layers: readonly object[], outputs: unknown = []) => ({
  class_name: 'Functional',
  config: { name: 'net', layers, output_layers: outputs },
})
const edges = (value: unknown) => read(value).layers.map(({ name, inputs }) => [name, ...inputs])

it('reads a Functional model of Keras 2 with what each layer says', () => {
  const model = graph([
    layer('InputLayer', 'in', []),
    layer('Conv2D', 'c', node('in'), { strides: [2, 2], use_bias: false }),
    layer('Add', 'sum', node('c', 'in')),
  ])
  expect(read(model).layers).toEqual([
    { name: 'in', className: 'InputLayer', config: { name: 'in' }, inputs: [] },
    {
      name: 'c',
      className: 'Conv2D',
      config: { name: 'c', strides: [2, 2], use_bias: false },
      inputs: ['in'],
    },
    { name: 'sum', className: 'Add', config: { name: 'sum' }, inputs: ['c', 'in'] },
  ])
})

it('reads the inbound nodes of Keras 3', () => {
  const from = (name: string) => ({
    class_name: '__keras_tensor__',
    config: { shape: [null, 8, 8, 3], dtype: 'float32', keras_history: [name, 0, 0] },
  })
  const model = graph(
    [
      layer('InputLayer', 'in', []),
      layer('Conv2D', 'c', [{ args: [from('in')], kwargs: {} }]),
      layer('Add', 'sum', [{ args: [[from('c'), from('in')]], kwargs: { mask: null } }]),
    ],
    ['sum', 0, 0],
  )
  expect(edges(model)).toEqual([['in'], ['c', 'in'], ['sum', 'c', 'in']])
})

it('chains a Sequential model, also as the bare list of Keras 1', () => {
  const layers = [
    layer('Conv2D', 'c', undefined),
    layer('ReLU', 'r', undefined),
    layer('Dense', 'd', undefined),
  ]
  const chain = [['c'], ['r', 'c'], ['d', 'r']]
  expect(edges({ class_name: 'Sequential', config: { name: 's', layers } })).toEqual(chain)
  expect(edges({ class_name: 'Sequential', config: layers })).toEqual(chain)
})

it('takes the name of a layer from its config where it stands only there', () => {
  expect(
    edges({ class_name: 'Sequential', config: { layers: [{ class_name: 'ReLU', config: { name: 'r' } }] } }),
  ).toEqual([['r']])
})

describe('a model inside a model', () => {
  const inner = (inbound: unknown) => ({
    ...layer('Functional', 'inner', inbound),
    config: {
      name: 'inner',
      layers: [
        layer('InputLayer', 'inner_in', []),
        layer('Conv2D', 'a', node('inner_in')),
        layer('ReLU', 'b', node('a')),
      ],
      output_layers: [['b', 0, 0]],
    },
  })

  it('gives way to its layers', () => {
    const model = graph([
      layer('InputLayer', 'in', []),
      layer('Rescaling', 'scale', node('in')),
      inner(node('scale')),
      layer('Dense', 'fc', node('inner')),
    ])
    expect(edges(model)).toEqual([['in'], ['scale', 'in'], ['a', 'scale'], ['b', 'a'], ['fc', 'b']])
  })

  it('gives way in a Sequential model too, and may be Sequential itself', () => {
    const head = {
      class_name: 'Sequential',
      config: { name: 'head', layers: [layer('Dense', 'd', []), layer('Softmax', 's', [])] },
    }
    const model = {
      class_name: 'Sequential',
      config: {
        name: 'all',
        layers: [layer('InputLayer', 'in', []), inner([]), head, layer('ReLU', 'last', [])],
      },
    }
    expect(edges(model)).toEqual([['in'], ['a', 'in'], ['b', 'a'], ['d', 'b'], ['s', 'd'], ['last', 's']])
  })
})

it.each<[string, unknown, RegExp]>([
  ['text', 'x', /model\.json: modelTopology must be a JSON object/],
  ['no class', { config: {} }, /class_name must be a JSON string/],
  [
    'another class',
    { class_name: 'Lambda', config: {} },
    /is of the class "Lambda"; Functional and Sequential are read/,
  ],
  ['no layers', { class_name: 'Model', config: {} }, /config\.layers must be a JSON array/],
  [
    'a layer without name',
    graph([{ class_name: 'ReLU', config: {} }]),
    /config\.layers\[0\]\.name must be a JSON string/,
  ],
  [
    'a layer that is a number',
    { class_name: 'Model', config: { layers: [7] } },
    /config\.layers\[0\] must be a JSON object/,
  ],
  [
    'two layers of one name',
    graph([layer('ReLU', 'r', []), layer('ReLU', 'r', [])]),
    /has two layers named "r"/,
  ],
])('refuses %s', (_, value, message) => {
  expect(() => read(value)).toThrow(message)
})

it('refuses models nested without end and joins that multiply', () => {
  let model: object = { class_name: 'Sequential', config: { name: 'm', layers: [] } }
  for (let depth = 0; depth < 12; depth++)
    model = { class_name: 'Sequential', config: { name: 'm', layers: [model] } }
  expect(() => read(model)).toThrow(/holds models within models beyond 8/)
  const many = Array.from({ length: 501 }, (_, i) => `r${i}`)
  const wide = graph([...many.map((name) => layer('ReLU', name, [])), layer('Add', 'sum', node(...many))])
  expect(() => read(wide)).toThrow(/joins more than 500 layers in one/)
})
