/**
 * The graphs of a training step over one session's state.
 *
 * A step runs `first` on its first micro-batch and `next` on each further one, then `update`. The gradients stay in the
 * session as `gradient/NAME`: `first` overwrites them, `next` adds to them. Running statistics advance in `pending/NAME`
 * meanwhile, so that a step which is given up, because a loss or `squaredNorm` is not finite, leaves the network as it was.
 * Only `update` touches it: parameters, momenta (`momentum/NAME`) and running statistics.
 */
import { ConfigError } from '../errors.ts'
import { GraphBuilder } from '../graph/builder.ts'
import { gradientName, withGradients } from '../graph/differentiate.ts'
import type { Graph, GraphValue, StateValue } from '../graph/graph.ts'
import { withStates, withTargets } from '../graph/states.ts'
import { add } from '../ops/add.ts'
import { constant } from '../ops/constant.ts'
import { item } from '../ops/operation.ts'
import { sgd } from '../ops/sgd.ts'
import type { Shape } from '../ops/shape.ts'
import { squaredNorm } from '../ops/squared-norm.ts'
import type { ResNetConfig } from './config.ts'
import { buildLoss, type GradientOptions } from './gradients.ts'
import { zerosInitialiser } from './layers.ts'

export interface TrainingOptions extends GradientOptions {
  /** Which trained parameters weight decay draws towards zero; all without it. */
  readonly decayed?: (name: string) => boolean
  /** Nesterov's momentum in the place of the plain one. */
  readonly nesterov?: boolean
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
 * far. Inputs of `update`: `rate`, `momentum` and `decay`, a single number each; it has no outputs.
 *
 * @throws ConfigError for an impossible config, and for trained parameters that the network lacks.
 */
export function buildTraining(config: ResNetConfig, options: TrainingOptions = {}): Training {
  const { graph, trained } = buildLoss(config, options)
  if (trained.length === 0) throw new ConfigError('trained', 'name at least one parameter to train')
  const pending = new Map(
    graph.assignments.map(({ state }) => [state, { ...state, name: `pending/${state.name}` }]),
  )
  const parameters = trained.flatMap((name) => graph.states.get(name) ?? [])
  const first = keepGradients(withTargets(graph, pending), parameters, (_kept, gradient) => gradient)
  const next = keepGradients(withStates(graph, pending), parameters, (kept, gradient, builder) =>
    builder.one(add, {}, [kept, gradient]),
  )
  const update = buildUpdate(parameters, pending, options)
  return { first, next, update, states: new Map([...first.states, ...next.states, ...update.states]) }
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

/** The optimiser's graph: new parameters and momenta from the gradients, and the running statistics that are pending. */
function buildUpdate(
  trained: readonly StateValue[],
  pending: ReadonlyMap<StateValue, StateValue>,
  { decayed = () => true, nesterov = false }: TrainingOptions,
): Graph {
  const builder = new GraphBuilder({ section: 'update' })
  const rate = builder.input('rate', [])
  const momentum = builder.input('momentum', [])
  const decay = builder.input('decay', [])
  const shrinking = trained.filter(({ name }) => decayed(name))
  const others = trained.filter(({ name }) => !decayed(name))
  if (shrinking.length > 0) appendSgd(builder, shrinking, { rate, momentum, decay, nesterov })
  if (others.length > 0) {
    const none = builder.one(constant, { shape: [], value: 0 }, [])
    appendSgd(builder, others, { rate, momentum, decay: none, nesterov })
  }
  for (const [running, next] of pending) builder.assign(builder.state(running), builder.state(next))
  return builder.build()
}

interface SgdSettings {
  readonly rate: GraphValue
  readonly momentum: GraphValue
  readonly decay: GraphValue
  readonly nesterov: boolean
}

function appendSgd(
  builder: GraphBuilder,
  trained: readonly StateValue[],
  { rate, momentum, decay, nesterov }: SgdSettings,
): void {
  const parameters = trained.map((state) => builder.state(state))
  const zeros = (name: string, shape: Shape) => builder.buffer(name, shape, zerosInitialiser)
  const gradients = trained.map(({ name, shape }) => zeros(gradientName(name), shape))
  const momenta = trained.map(({ name, shape }) => zeros(`momentum/${name}`, shape))
  const inputs = [rate, momentum, decay, ...parameters, ...gradients, ...momenta]
  const next = builder.all(sgd, { nesterov }, inputs)
  for (const [i, state] of [...parameters, ...momenta].entries()) builder.assign(state, item(next, i, 'sgd'))
}
