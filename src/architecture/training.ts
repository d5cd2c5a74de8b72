/**
 * The graphs of a training step over one session's state.
 *
 * A step runs `first` on its first micro-batch and `next` on each further one, then `update`. The gradients stay in the
 * session as `gradient/NAME`: `first` overwrites them, `next` adds to them. Running statistics advance in `pending/NAME`
 * meanwhile, so that a step which is given up, because a loss or `squaredNorm` is not finite, leaves the network as it was.
 * Only `update` touches it: parameters, momenta (`momentum/NAME`), running statistics, and averages (`average/NAME`).
 */
import { ConfigError } from '../errors.ts'
import { GraphBuilder } from '../graph/builder.ts'
import { gradientName, withGradients } from '../graph/differentiate.ts'
import type { Assignment, Graph, GraphValue, StateValue } from '../graph/graph.ts'
import { withStates, withTargets } from '../graph/states.ts'
import { add } from '../ops/add.ts'
import { movingAverage } from '../ops/moving-average.ts'
import { item } from '../ops/operation.ts'
import { sgd } from '../ops/sgd.ts'
import type { Shape } from '../ops/shape.ts'
import { squaredNorm } from '../ops/squared-norm.ts'
import type { ResNetConfig } from './config.ts'
import { buildLoss, type GradientOptions } from './gradients.ts'
import { zerosInitialiser } from './layers.ts'

/** Parameters that share a learning rate and a weight decay. */
export interface ParameterGroup {
  readonly name: string
  readonly parameters: readonly string[]
}

export interface TrainingOptions extends Omit<GradientOptions, 'trained'> {
  /** The parameters that are trained, each in one group; one group `all` of every parameter without it. */
  readonly groups?: readonly ParameterGroup[]
  /** Nesterov's momentum in the place of the plain one. */
  readonly nesterov?: boolean
  /** Keeps exponential moving averages of the trained parameters and of the running statistics, as `average/NAME`. */
  readonly average?: boolean
}

export interface Training {
  /** Gradients of a step's first micro-batch. */
  readonly first: Graph
  /** Gradients of a further micro-batch, added to those that are there. */
  readonly next: Graph
  /** The optimiser's step, which also commits the running statistics. */
  readonly update: Graph
  /** All that a session of the three graphs keeps: `initialise(training, seed)` gives first values. */
  readonly states: ReadonlyMap<string, StateValue>
}

/**
 * Builds the graphs of a training step.
 *
 * Inputs of `first` and `next`: `image` [N, C, H, W], `targets` [N, classes] (rows that sum to 1), `weights` [N] (what each
 * image's loss counts; 1 / images of the whole step for its mean, 0 for the empty places of a short batch), and `seed` and
 * `imageIndex` where the network draws random numbers. Outputs: `logits`, `loss`, and `squaredNorm` of all gradients so
 * far. Inputs of `update`, a single number each: `rate/GROUP` and `decay/GROUP` for each group, `momentum`, `scale` (what
 * gradients are multiplied by first, 1 to leave them as they are), and with `average` the share `keep` of the average that
 * stays: average' = keep · average + (1 - keep) · value, so that a first step with 0 starts it. It has no outputs. With
 * `distillation`, `first` and `next` also read what `buildGradients` says.
 *
 * @throws ConfigError for an impossible config, and for groups that are empty, overlap, or name what the network lacks.
 */
export function buildTraining(config: ResNetConfig, options: TrainingOptions = {}): Training {
  const { groups, ...others } = options
  checkGroups(groups ?? [])
  const given = groups === undefined ? {} : { trained: groups.flatMap(({ parameters }) => parameters) }
  const { graph, trained } = buildLoss(config, { ...others, ...given })
  if (trained.length === 0) throw new ConfigError('groups', 'name at least one parameter to train')
  const pending = new Map(
    graph.assignments.map(({ state }) => [state, { ...state, name: `pending/${state.name}` }]),
  )
  const parameters = trained.flatMap((name) => graph.states.get(name) ?? [])
  const first = keepGradients(withTargets(graph, pending), parameters, (_kept, gradient) => gradient)
  const next = keepGradients(withStates(graph, pending), parameters, (kept, gradient, builder) =>
    builder.one(add, {}, [kept, gradient]),
  )
  const update = buildUpdate(
    (groups ?? [{ name: 'all', parameters: trained }]).map(({ name, parameters: names }) => ({
      name,
      parameters: parameters.filter((parameter) => names.includes(parameter.name)),
    })),
    pending,
    options,
  )
  return { first, next, update, states: new Map([...first.states, ...next.states, ...update.states]) }
}

function checkGroups(groups: readonly ParameterGroup[]): void {
  const seen = new Map<string, string>()
  for (const [i, { name, parameters }] of groups.entries()) {
    if (groups.findIndex((group) => group.name === name) !== i)
      throw new ConfigError('groups', `two groups are named ${name}`)
    if (parameters.length === 0)
      throw new ConfigError('groups', `the group ${name} holds no parameter; leave it out`)
    for (const parameter of parameters) {
      const other = seen.get(parameter)
      if (other !== undefined)
        throw new ConfigError(
          'groups',
          `${parameter} is in ${other} and again in ${name}; one group may hold it`,
        )
      seen.set(parameter, name)
    }
  }
}

/** Appends the backward pass, whose gradients go into states; `total` says what becomes of those that are there. */
function keepGradients(
  graph: Graph,
  parameters: readonly StateValue[],
  total: (kept: StateValue, gradient: GraphValue, builder: GraphBuilder) => GraphValue,
): Graph {
  const names = parameters.map(({ name }) => name)
  const { builder, gradients } = withGradients(graph, 'loss', names)
  const totals = [...gradients].map(([name, gradient]) => {
    const kept = builder.buffer(gradientName(name), gradient.shape, zerosInitialiser)
    const value = total(kept, gradient, builder)
    builder.assign(kept, value)
    return value
  })
  builder.output('squaredNorm', builder.add('squaredNorm', squaredNorm, {}, totals))
  return builder.build()
}

interface TrainedGroup {
  readonly name: string
  readonly parameters: readonly StateValue[]
}

/** The optimiser's graph: new parameters and momenta from the gradients, the running statistics that are pending, averages. */
function buildUpdate(
  groups: readonly TrainedGroup[],
  pending: ReadonlyMap<StateValue, StateValue>,
  { nesterov = false, average = false }: TrainingOptions,
): Graph {
  const builder = new GraphBuilder({ section: 'update' })
  const settings = { scale: builder.input('scale', []), momentum: builder.input('momentum', []), nesterov }
  const trained = groups.flatMap((group) => appendSgd(builder, group, settings))
  const running = [...pending].map(([state, next]) => ({
    state: builder.state(state),
    value: builder.state(next),
  }))
  for (const { state, value } of running) builder.assign(state, value)
  if (average) appendAverages(builder, [...trained, ...running])
  return builder.build()
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

interface SgdSettings {
  readonly scale: GraphValue
  readonly momentum: GraphValue
  readonly nesterov: boolean
}

/** Assigns a group's parameters and momenta; answers what the parameters become. */
function appendSgd(
  builder: GraphBuilder,
  group: TrainedGroup,
  { scale, momentum, nesterov }: SgdSettings,
): readonly Assignment[] {
  const rate = builder.input(`rate/${group.name}`, [])
  const decay = builder.input(`decay/${group.name}`, [])
  const parameters = group.parameters.map((state) => builder.state(state))
  const zeros = (name: string, shape: Shape) => builder.buffer(name, shape, zerosInitialiser)
  const gradients = parameters.map(({ name, shape }) => zeros(gradientName(name), shape))
  const momenta = parameters.map(({ name, shape }) => zeros(`momentum/${name}`, shape))
  const inputs = [rate, decay, scale, momentum, ...parameters, ...gradients, ...momenta]
  const next = builder.all(sgd, { nesterov }, inputs)
  const assignments = [...parameters, ...momenta].map((state, i) => ({ state, value: item(next, i, 'sgd') }))
  for (const { state, value } of assignments) builder.assign(state, value)
  return assignments.slice(0, parameters.length)
}
