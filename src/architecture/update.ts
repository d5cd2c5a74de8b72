/** The optimiser's graph: new parameters from the gradients, the running statistics that are pending, and averages. */
import { ConfigError } from '../errors.ts'
import { GraphBuilder } from '../graph/builder.ts'
import { gradientName } from '../graph/differentiate.ts'
import type { Assignment, Graph, GraphValue, StateValue } from '../graph/graph.ts'
import { adamw } from '../ops/adamw.ts'
import { lamb } from '../ops/lamb.ts'
import { lars } from '../ops/lars.ts'
import { movingAverage } from '../ops/moving-average.ts'
import { item } from '../ops/operation.ts'
import { sgd } from '../ops/sgd.ts'
import type { Shape } from '../ops/shape.ts'
import { zerosInitialiser } from './layers.ts'

/**
 * How parameters follow from gradients; the operations of these names tell the rules.
 *
 * `sgd` and `lars` read `momentum` and keep `momentum/NAME`. `adamw` and `lamb` read `step`, the number of this step,
 * counted from 1, and keep `firstMoment/NAME` and `secondMoment/NAME`. `lars` and `lamb` fit each tensor's rate to its norm
 * except where decay is 0.
 */
export type Optimiser =
  | { readonly kind: 'sgd'; readonly nesterov: boolean }
  | { readonly kind: 'lars'; readonly trust: number }
  | {
      readonly kind: 'adamw' | 'lamb'
      readonly beta1: number
      readonly beta2: number
      readonly epsilon: number
    }

export interface UpdateOptions {
  readonly optimiser: Optimiser
  readonly average: boolean
}

export interface TrainedGroup {
  readonly name: string
  readonly parameters: readonly StateValue[]
}

/** @throws ConfigError for an optimiser's setting that is none. */
export function buildUpdate(
  groups: readonly TrainedGroup[],
  pending: ReadonlyMap<StateValue, StateValue>,
  { optimiser, average }: UpdateOptions,
): Graph {
  checkOptimiser(optimiser)
  const builder = new GraphBuilder({ section: 'update' })
  const shared = [builder.input('scale', []), builder.input(kinds[optimiser.kind].number, [])]
  const trained = groups.flatMap((group) => appendStep(builder, group, optimiser, shared))
  const running = [...pending].map(([state, next]) => ({
    state: builder.state(state),
    value: builder.state(next),
  }))
  for (const { state, value } of running) builder.assign(state, value)
  if (average) appendAverages(builder, [...trained, ...running])
  return builder.build()
}

const momentum = { number: 'momentum', states: ['momentum'] }
const moments = { number: 'step', states: ['firstMoment', 'secondMoment'] }
/** The number that a kind's groups share besides the gradients' scale, and the states that each parameter has. */
const kinds: Readonly<Record<Optimiser['kind'], typeof momentum>> = {
  sgd: momentum,
  lars: momentum,
  adamw: moments,
  lamb: moments,
}

function checkOptimiser(optimiser: Optimiser): void {
  const check = (name: string, value: number, fits: boolean, wanted: string) => {
    if (!fits) throw new ConfigError(`optimiser.${name}`, `must be ${wanted}, not ${value}`)
  }
  // Engines compute in single precision, in which the smallest numbers are zero.
  const isAboveZero = (value: number) => Math.fround(value) > 0 && Number.isFinite(value)
  if (optimiser.kind === 'sgd') return
  if (optimiser.kind === 'lars') {
    check('trust', optimiser.trust, isAboveZero(optimiser.trust), 'a number above 0')
    return
  }
  const { beta1, beta2, epsilon } = optimiser
  for (const [name, beta] of Object.entries({ beta1, beta2 }))
    check(name, beta, beta >= 0 && beta < 1, 'a number from 0 to below 1')
  check('epsilon', epsilon, isAboveZero(epsilon), 'a number above 0')
}

/** Assigns a group's parameters and states; answers what the parameters become. */
function appendStep(
  builder: GraphBuilder,
  group: TrainedGroup,
  optimiser: Optimiser,
  shared: readonly GraphValue[],
): readonly Assignment[] {
  const rate = builder.input(`rate/${group.name}`, [])
  const decay = builder.input(`decay/${group.name}`, [])
  const parameters = group.parameters.map((state) => builder.state(state))
  const zeros = (name: string, shape: Shape) => builder.buffer(name, shape, zerosInitialiser)
  const gradients = parameters.map(({ name, shape }) => zeros(gradientName(name), shape))
  const states = kinds[optimiser.kind].states.flatMap((state) =>
    parameters.map(({ name, shape }) => zeros(`${state}/${name}`, shape)),
  )
  const inputs = [rate, decay, ...shared, ...parameters, ...gradients, ...states]
  const next = stepValues(builder, optimiser, inputs)
  const assignments = [...parameters, ...states].map((state, i) => ({
    state,
    value: item(next, i, optimiser.kind),
  }))
  for (const { state, value } of assignments) builder.assign(state, value)
  return assignments.slice(0, parameters.length)
}

function stepValues(
  builder: GraphBuilder,
  optimiser: Optimiser,
  inputs: readonly GraphValue[],
): readonly GraphValue[] {
  if (optimiser.kind === 'sgd') return builder.all(sgd, { nesterov: optimiser.nesterov }, inputs)
  if (optimiser.kind === 'lars') return builder.all(lars, { trust: optimiser.trust }, inputs)
  const { beta1, beta2, epsilon } = optimiser
  return builder.all(optimiser.kind === 'adamw' ? adamw : lamb, { beta1, beta2, epsilon }, inputs)
}

/** Averages of the values that states take. */
function appendAverages(builder: GraphBuilder, taken: readonly Assignment[]): void {
  const keep = builder.input('keep', [])
  const averages = taken.map(({ state: { name, shape } }) =>
    builder.buffer(`average/${name}`, shape, zerosInitialiser),
  )
  const inputs = [keep, ...averages, ...taken.map(({ value }) => value)]
  const next = builder.all(movingAverage, {}, inputs)
  for (const [i, state] of averages.entries()) builder.assign(state, item(next, i, 'movingAverage'))
}
