/** The graph of a training step: forward pass, loss, gradients, and the running statistics' next values. */
import { ConfigError } from '../errors.ts'
import { GraphBuilder } from '../graph/builder.ts'
import { differentiate } from '../graph/differentiate.ts'
import { type Graph, type GraphValue, parametersOf, valueNamed } from '../graph/graph.ts'
import { add } from '../ops/add.ts'
import { scale } from '../ops/scale.ts'
import { softmaxCrossEntropy } from '../ops/softmax-cross-entropy.ts'
import { buildResNet } from './build.ts'
import type { ResNetConfig } from './config.ts'
import type { BuildOptions } from './layers.ts'

/** How the graphs of a training step are built. */
export interface GradientOptions extends Omit<BuildOptions, 'mode'> {
  /** Names of the parameters to train; all without it. */
  readonly trained?: readonly string[]
  /** Knowledge distillation (arXiv:1503.02531): what the logits are divided by before they are held against a teacher's. */
  readonly distillation?: { readonly temperature: number }
}

/**
 * Builds a network in training mode with its loss and gradients.
 *
 * Inputs: `image` [N, C, H, W], `targets` [N, classes] (rows that sum to 1), `weights` [N] (what each image's loss counts;
 * 1 / N for a mean, 0 for the empty places of a short batch), and `seed` and `imageIndex` where the network draws random
 * numbers. Outputs: `logits`, `loss` (a single number), `gradient/NAME` for each trained parameter. The running
 * statistics take their next values when a run has succeeded.
 *
 * With `distillation` also `teacherTargets` [N, classes], a teacher's probabilities at that temperature, and
 * `teacherWeights` [N], what each image's second loss counts, the square of the temperature included (section 2).
 */
export function buildGradients(config: ResNetConfig, options: GradientOptions = {}): Graph {
  const { graph, trained } = buildLoss(config, options)
  return differentiate(graph, 'loss', trained)
}

/** The same before differentiation, and the names of the parameters that are trained. */
export function buildLoss(
  config: ResNetConfig,
  options: GradientOptions,
): { readonly graph: Graph; readonly trained: readonly string[] } {
  const forward = buildResNet(config, { ...options, mode: 'training' })
  const names = parametersOf(forward).map(({ name }) => name)
  const trained = options.trained ?? names
  const unknown = trained.filter((name) => !names.includes(name))
  if (unknown.length > 0)
    throw new ConfigError('trained', `the network has no parameter ${unknown.slice(0, 3).join(', ')}`)
  const builder = GraphBuilder.from(forward, { section: 'loss' })
  const targets = builder.input('targets', ['N', config.classes])
  const weights = builder.input('weights', ['N'])
  const logits = valueNamed(forward, 'logits')
  if (options.distillation === undefined) {
    builder.output('loss', builder.add('loss', softmaxCrossEntropy, {}, [logits, targets, weights]))
  } else {
    const labelled = builder.one(softmaxCrossEntropy, {}, [logits, targets, weights])
    const taught = appendDistillation(builder, logits, options.distillation)
    builder.output('loss', builder.add('loss', add, {}, [labelled, taught]))
  }
  return { graph: builder.build(), trained }
}

/** Cross entropy with a teacher's softened probabilities (arXiv:1503.02531, section 2). */
function appendDistillation(
  builder: GraphBuilder,
  logits: GraphValue,
  { temperature }: { readonly temperature: number },
): GraphValue {
  if (!(temperature > 0 && Number.isFinite(temperature)))
    throw new ConfigError('distillation.temperature', `must be a number above 0, not ${temperature}`)
  const targets = builder.input('teacherTargets', logits.shape)
  const weights = builder.input('teacherWeights', ['N'])
  const softened = builder.one(scale, { factor: 1 / temperature, offset: 0 }, [logits])
  return builder.one(softmaxCrossEntropy, {}, [softened, targets, weights])
}
