/** The optimisers' steps on engines: against PyTorch and timm, and the same bits on any number of threads. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { buildUpdate, type Optimiser } from '../src/architecture/update.ts'
import type { Session, TensorMap } from '../src/engines/engine.ts'
import { referenceEngine } from '../src/engines/reference/reference.ts'
import { wasmEngine } from '../src/engines/wasm/wasm.ts'
import type { StateValue } from '../src/graph/graph.ts'
import { initialise } from '../src/graph/initialise.ts'
import { generate } from './generator.ts'
import { numbers, relativeDifference } from './network.ts'

interface Group {
  readonly name: string
  readonly decay: number
  readonly parameters: Readonly<Record<string, readonly number[]>>
}

interface Case {
  readonly optimiser: Optimiser
  readonly momentum?: number
  readonly scale: number
  readonly parameters: Readonly<Record<string, readonly number[]>>
}

interface Fixture {
  readonly rates: readonly number[]
  readonly groups: readonly Group[]
  readonly cases: readonly Case[]
}

const { rates, groups, cases }: Fixture = JSON.parse(
  readFileSync(new URL('../fixtures/gradients/optimisers.json', import.meta.url), 'utf8'),
)

/** Each of the parameters after as many steps as there are rates, and what else the session keeps. */
async function steps(
  open: (states: TensorMap) => Promise<Session>,
  of: readonly Group[],
  { optimiser, momentum = 0, scale }: Omit<Case, 'parameters'>,
): Promise<TensorMap> {
  const trained = of.map(({ name, parameters }) => ({
    name,
    parameters: Object.entries(parameters).map(
      ([parameter, shape]): StateValue => ({
        kind: 'parameter',
        name: parameter,
        shape,
        initialiser: { kind: 'constant', value: 0 },
      }),
    ),
  }))
  const update = buildUpdate(trained, new Map(), { optimiser, average: true })
  const shapes = of.flatMap(({ parameters }) => Object.entries(parameters))
  const start = shapes.filter(([name]) => !name.startsWith('zero'))
  const session = await open(
    new Map([
      ...initialise(update, 0),
      ...start.map(([name, shape]) => [name, generate(name, shape)] as const),
    ]),
  )
  await session.add('update', update, { batch: 1 })
  for (const [step, rate] of rates.entries()) {
    await session.writeState(
      new Map(shapes.map(([name, shape]) => [`gradient/${name}`, generate(`${step}/${name}`, shape)])),
    )
    const ofGroups = of.flatMap(({ name, decay }) => [
      [`rate/${name}`, rate],
      [`decay/${name}`, decay],
    ])
    const adam = optimiser.kind === 'adamw' || optimiser.kind === 'lamb'
    const shared = adam ? { step: step + 1 } : { momentum }
    await session.run('update', numbers({ ...Object.fromEntries(ofGroups), ...shared, scale, keep: 0.5 }))
  }
  const states = await session.readState()
  await session.dispose()
  return states
}

const onReference = (states: TensorMap) => referenceEngine.open(states)
const onThreads = (threads: number) => (states: TensorMap) => wasmEngine.open(states, { threads })

describe.each(cases)('$optimiser.kind', ({ parameters, ...settings }) => {
  it.each([
    ['reference', onReference],
    ['wasm', onThreads(2)],
  ])('takes the steps of PyTorch or timm on the engine %s', async (_engine, open) => {
    const states = await steps(open, groups, settings)
    for (const [name, expected] of Object.entries(parameters))
      expect(relativeDifference(states.get(name) ?? [], expected), name).toBeLessThan(1e-6)
  })

  it('gives the same bits on one, two and three threads, on tensors of many blocks and of one number', async () => {
    const large = [
      { name: 'decayed', decay: 0.05, parameters: { 'large.weight': [61, 203], 'one.weight': [1, 1] } },
      { name: 'spared', decay: 0, parameters: { 'large.bias': [4099], 'one.bias': [1] } },
    ]
    const [one, two, three] = await Promise.all([1, 2, 3].map((n) => steps(onThreads(n), large, settings)))
    expect(two).toEqual(one)
    expect(three).toEqual(one)
    for (const [name, expected] of await steps(onReference, large, settings))
      expect(relativeDifference(one?.get(name) ?? [], expected), name).toBeLessThan(1e-5)
  })
})

it.each<[string, Optimiser]>([
  ['optimiser.trust: must be a number above 0, not 0', { kind: 'lars', trust: 0 }],
  [
    'optimiser.beta2: must be a number from 0 to below 1, not 1',
    { kind: 'adamw', beta1: 0, beta2: 1, epsilon: 1 },
  ],
  [
    'optimiser.epsilon: must be a number above 0, not 1e-50',
    { kind: 'lamb', beta1: 0, beta2: 0, epsilon: 1e-50 },
  ],
])('%s', (message, optimiser) => {
  expect(() => buildUpdate([], new Map(), { optimiser, average: false })).toThrow(message)
})
