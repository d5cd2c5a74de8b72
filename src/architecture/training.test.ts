/** What the graphs of a training step read, answer and keep. */
import { describe, expect, it } from 'vitest'
import { ConfigError } from '../errors.ts'
import type { Graph } from '../graph/graph.ts'
import { initialise } from '../graph/initialise.ts'
import { changed } from './change.ts'
import { buildTraining } from './training.ts'
import type { Optimiser } from './update.ts'
import { config } from './variants.ts'

const network = changed(config('resnet20'), { input: [16, 16], classes: 4 })
const assigned = (graph: Graph) => graph.assignments.map(({ state }) => state.name)
const running = (names: readonly string[]) => names.filter((name) => name.startsWith('bn1.running'))

const { first, next, update, states } = buildTraining(network)
const parameters = [...states.values()].filter(({ kind }) => kind === 'parameter').map(({ name }) => name)
const statistics = [...states.keys()].filter((name) => /^(?!pending).*running/.test(name))

describe('the graphs of a training step', () => {
  it('keep gradients and pending running statistics, which update alone commits', () => {
    const kept = [
      ...statistics.map((name) => `pending/${name}`),
      ...parameters.map((name) => `gradient/${name}`),
    ]
    expect(assigned(first)).toEqual(kept)
    expect(assigned(next)).toEqual(kept)
    const momenta = parameters.map((name) => `momentum/${name}`)
    expect(assigned(update)).toEqual([...parameters, ...momenta, ...statistics])
  })

  it('read running statistics in the first micro-batch and pending ones in the next', () => {
    const read = (graph: Graph) =>
      graph.nodes.find(({ name }) => name === 'bn1')?.inputs.map(({ name }) => name)
    expect(read(first)?.slice(3)).toEqual(['bn1.running_mean', 'bn1.running_var'])
    expect(read(next)?.slice(3)).toEqual(['pending/bn1.running_mean', 'pending/bn1.running_var'])
    expect(running([...next.states.keys()])).toEqual([])
  })

  it('answer the loss and the squared norm, and keep the gradients to themselves', () => {
    for (const graph of [first, next]) {
      expect([...graph.inputs.keys()]).toEqual(['image', 'targets', 'weights'])
      expect([...graph.outputs.keys()]).toEqual(['logits', 'loss', 'squaredNorm'])
    }
    expect([...update.inputs.keys()]).toEqual(['scale', 'momentum', 'rate/all', 'decay/all'])
    expect([...update.outputs.keys()]).toEqual([])
  })

  it('start from one seed, with momenta at zero', () => {
    const start = initialise({ states }, 1)
    expect(new Set(start.keys())).toEqual(
      new Set([first, next, update].flatMap((graph) => [...graph.states.keys()])),
    )
    expect(start.get('momentum/conv1.weight')).toEqual(new Float32Array(16 * 3 * 3 * 3))
    expect(start.get('bn1.running_var')).toEqual(new Float32Array(16).fill(1))
  })
})

describe('a part of a network', () => {
  it('is trained alone, and frozen normalisations read their running statistics', () => {
    const trained = ['fc.weight', 'fc.bias']
    const frozen = ['stem', 'stage 1', 'stage 2', 'stage 3']
    const { first, next, update } = buildTraining(network, {
      groups: [{ name: 'head', parameters: trained }],
      frozen,
    })
    expect(assigned(first)).toEqual(['gradient/fc.weight', 'gradient/fc.bias'])
    expect(running([...next.states.keys()])).toEqual(['bn1.running_mean', 'bn1.running_var'])
    expect(assigned(update)).toEqual([...trained, 'momentum/fc.weight', 'momentum/fc.bias'])
  })

  it('is where the backward pass ends: frozen stages cost nothing and their statistics stay', () => {
    const later = parameters.filter((name) => /^(layer3|fc)/.test(name))
    const groups = [{ name: 'later', parameters: later }]
    const frozen = ['stem', 'stage 1', 'stage 2']
    const { first, update } = buildTraining(network, { groups, frozen, average: true })
    const products = (graph: Graph, name: string) =>
      graph.nodes.filter(({ operation }) => operation.name === name).length
    // Six convolutions are trained; the first of them reads what is frozen, and so does the shortcut.
    expect(products(first, 'conv2dWeightGradient')).toBe(6)
    expect(products(first, 'conv2dInputGradient')).toBe(5)
    const committed = statistics.filter((name) => name.startsWith('layer3'))
    const averaged = [...later, ...committed].map((name) => `average/${name}`)
    expect(assigned(update)).toEqual([
      ...later,
      ...later.map((name) => `momentum/${name}`),
      ...committed,
      ...averaged,
    ])
  })

  it('has its own rate and decay as a group', () => {
    const groups = [
      { name: 'weights', parameters: ['fc.weight', 'conv1.weight'] },
      { name: 'biases', parameters: ['fc.bias'] },
    ]
    const { update } = buildTraining(network, { groups, optimiser: { kind: 'sgd', nesterov: true } })
    const steps = update.nodes.filter(({ operation }) => operation.name === 'sgd')
    expect(steps.map(({ inputs }) => inputs.slice(0, 5).map(({ name }) => name))).toEqual([
      ['rate/weights', 'decay/weights', 'scale', 'momentum', 'fc.weight'],
      ['rate/biases', 'decay/biases', 'scale', 'momentum', 'fc.bias'],
    ])
    expect(steps.map(({ attributes }) => attributes)).toEqual([{ nesterov: true }, { nesterov: true }])
  })

  it('is moved by the optimiser that is asked for', () => {
    const groups = [{ name: 'head', parameters: ['fc.weight', 'fc.bias'] }]
    const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }
    const read = (optimiser: Optimiser) => [
      ...buildTraining(network, { groups, optimiser }).update.inputs.keys(),
    ]
    for (const kind of ['sgd', 'lars'] as const)
      expect(read({ kind, nesterov: false, trust: 0.001 })).toEqual([
        'scale',
        'momentum',
        'rate/head',
        'decay/head',
      ])
    for (const kind of ['adamw', 'lamb'] as const) {
      expect(read({ kind, ...adam })).toEqual(['scale', 'step', 'rate/head', 'decay/head'])
      const { states, update } = buildTraining(network, { groups, optimiser: { kind, ...adam } })
      expect(update.nodes.map(({ operation }) => operation.name)).toEqual([kind])
      expect([...states.keys()].filter((name) => name.endsWith('Moment/fc.bias'))).toEqual([
        'firstMoment/fc.bias',
        'secondMoment/fc.bias',
      ])
    }
  })

  it('must exist and hold something', () => {
    const build = (...trained: readonly string[]) =>
      buildTraining(network, { groups: [{ name: 'all', parameters: trained }] })
    expect(() => build('fc.wieght')).toThrow(ConfigError)
    expect(() => build('fc.wieght')).toThrow('the network has no parameter fc.wieght')
    expect(() => build()).toThrow('the group all holds no parameter')
    expect(() => buildTraining(network, { groups: [] })).toThrow('name at least one parameter to train')
    expect(() => build('fc.bias', 'fc.bias')).toThrow('fc.bias is in all and again in all')
  })
})

describe('random numbers', () => {
  it('are drawn alike in both forms, only where the config asks for them', () => {
    const { first, next, update } = buildTraining(changed(network, { 'head.dropout': 0.5 }))
    for (const graph of [first, next]) expect([...graph.inputs.keys()]).toContain('imageIndex')
    expect(update.inputs.has('seed')).toBe(false)
    const mask = (graph: Graph) =>
      graph.nodes.filter(({ operation }) => operation.name === 'randomMask').map((node) => node.attributes)
    expect(mask(next)).toEqual(mask(first))
    expect(mask(first)).toHaveLength(1)
  })
})
