/**
 * The graphs of a training step over one session's state.
 *
 * A step runs `first` on its first micro-batch and `next` on each further one, then `update`. The gradients stay in the
 * session as `gradient/NAME`: `first` overwrites them, `next` adds to them. Running statistics advance in `pending/NAME`
 * meanwhile, so that a step which is given up, because a loss or `squaredNorm` is not finite, leaves the network as it was.
 * Only `update` touches it: parameters, what the optimiser keeps for each (`momentum/NAME`, ...), running statistics, and
 * averages (`average/NAME`).
 */
import { ConfigError } from '../errors.ts'
import type { GraphBuilder } from '../graph/builder.ts'
import { gradientName, withGradients } from '../graph/differentiate.ts'
import type { Graph, GraphValue, StateValue } from '../graph/graph.ts'
import { withStates, withTargets } from '../graph/states.ts'
import { add } from '../ops/add.ts'
import { squaredNorm } from '../ops/squared-norm.ts'
import type { ResNetConfig } from './config.ts'
import { buildLoss, type GradientOptions } from './gradients.ts'
import { zerosInitialiser } from './layers.ts'
import { buildUpdate, type Optimiser } from './update.ts'

/** Parameters that share a learning rate and a weight decay. */
export interface ParameterGroup {
  readonly name: string
  readonly parameters: readonly string[]
}

export interface TrainingOptions extends Omit<GradientOptions, 'trained'> {
  /** The parameters that are trained, each in one group; one group `all` of every parameter without it. */
  readonly groups?: readonly ParameterGroup[]
  /** Stochastic gradient descent with plain momentum without it. */
  readonly optimiser?: Optimiser
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
 * far. With `distillation` they also read what `buildGradients` says.
 *
 * Inputs of `update`, a single number each: `rate/GROUP` and `decay/GROUP` for each group, `momentum` or `step` as the
 * `Optimiser` says, `scale` (what gradients are multiplied by first, 1 to leave them as they are), and with `average` the
 * share `keep` of the average that stays: average' = keep · average + (1 - keep) · value, so that a first step with 0
 * starts it. It has no outputs.
 *
 * @throws ConfigError for an impossible config or optimiser, and for groups that are empty, overlap, or name what the
 * network lacks.
 */
export function buildTraining(config: ResNetConfig, options: TrainingOptions = {}): Training {
  const { groups, optimiser = { kind: 'sgd', nesterov: false }, average = false, ...others } = options
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
    { optimiser, average },
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
