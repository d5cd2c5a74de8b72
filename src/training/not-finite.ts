/** Finds where numbers stopped being finite, to tell it to a person, and keeps such numbers out of what is saved. */

import type { ResNetConfig } from '../architecture/config.ts'
import { namesOf } from '../architecture/names.ts'
import type { Session, TensorMap } from '../engines/engine.ts'
import { TrainingError } from '../errors.ts'
import { gradientName } from '../graph/differentiate.ts'
import type { Graph } from '../graph/graph.ts'
import { select } from '../graph/select.ts'
import { allFinite } from '../ops/finite.ts'
import type { Phase } from './phases.ts'

const advice = 'Lower the rate, warm up longer, or clip the gradients'

export interface Failure {
  readonly config: ResNetConfig
  readonly phase: Phase
  readonly inputs: TensorMap
  readonly batch: number
  /** From 1. */
  readonly step: number
  readonly loss: number
  /** The squared norm of the gradients. */
  readonly squared: number
}

/** The error of a step whose loss or gradients are not finite. */
export async function notFinite(session: Session, failure: Failure): Promise<TrainingError> {
  const { phase, config, inputs, batch, step, loss, squared } = failure
  if (!isFine(inputs.get('image'))) return badInput(`step ${step}`)
  const names = [...phase.training.states.keys()].filter((name) => !/^(gradient|pending)\//.test(name))
  const broken = firstNotFinite(await session.readState(names))
  if (broken !== undefined)
    return new TrainingError(
      `step ${step}: ${broken} is not finite since the update of the step before, and is not saved. ${advice}`,
    )
  const graph = phase.training.first
  const map = await firstMap(session, { config, graph, inputs, batch })
  const gradient = map === undefined ? await firstGradient(session, failure) : undefined
  const where =
    map !== undefined
      ? `the output of ${map} is not finite`
      : gradient !== undefined
        ? `the gradient of ${gradient} is not finite`
        : Number.isFinite(loss)
          ? `the norm of the gradients is not finite (its square is ${squared})`
          : `the loss is ${loss}`
  return new TrainingError(`step ${step}: ${where}; the network is as it was before that step. ${advice}`)
}

export interface AnswerFailure {
  readonly config: ResNetConfig
  /** The graph in inference that was run. */
  readonly graph: Graph
  readonly inputs: TensorMap
  readonly batch: number
  /** What it was run for: `validation after epoch 3`. */
  readonly when: string
}

/** The error of an answer, without training, that is not finite. */
export async function notFiniteAnswer(session: Session, failure: AnswerFailure): Promise<TrainingError> {
  if (!isFine(failure.inputs.get('image'))) return badInput(failure.when)
  const broken = firstNotFinite(await session.readState([...failure.graph.states.keys()]))
  const where =
    broken === undefined ? `the output of ${(await firstMap(session, failure)) ?? 'the network'}` : broken
  return new TrainingError(
    `${failure.when}: ${where} is not finite, and no model of it is saved. ${advice}; where it starts from a model, look at its weights`,
  )
}

/**
 * What is about to be saved.
 *
 * @throws TrainingError that names the first tensor with a value that is not finite.
 */
export function checkFinite(tensors: TensorMap, step: number): void {
  const broken = firstNotFinite(tensors)
  if (broken !== undefined)
    throw new TrainingError(
      `step ${step}: ${broken} is not finite after the update, and is not saved; what was saved before stays. ${advice}`,
    )
}

/** The first tensor that holds what is no finite number. */
export function firstNotFinite(tensors: TensorMap): string | undefined {
  for (const [name, values] of tensors) if (!allFinite(values)) return name
  return undefined
}

function badInput(when: string): TrainingError {
  return new TrainingError(
    `${when}: the pictures as the network reads them are not finite; look at mean and std`,
  )
}

/** The first part of the network, from the stem on, whose map holds what is no finite number. */
async function firstMap(
  session: Session,
  { config, graph, inputs, batch }: Omit<AnswerFailure, 'when'>,
): Promise<string | undefined> {
  const { block } = namesOf(config)
  const blocks = config.stages.flatMap((stage, i) =>
    Array.from({ length: stage.blocks }, (_, b) => block(i, b)),
  )
  const names = ['stem', ...blocks, 'features', 'logits'].filter(
    (name) => graph.values.get(name)?.kind === 'node',
  )
  // Only looked at: running statistics stay.
  const cut = { ...select(graph, names), assignments: [] }
  await session.add(lookingGlass, cut, { batch })
  const needed = [...inputs].filter(([name]) => cut.inputs.has(name))
  const outputs = await session.run(lookingGlass, new Map(needed))
  return names.find((name) => !isFine(outputs.get(name)))
}

const lookingGlass = 'where numbers stop being finite'

/** The first parameter whose gradient is not finite. */
async function firstGradient(session: Session, { phase }: Failure): Promise<string | undefined> {
  const names = phase.groups.flatMap(({ parameters }) => parameters)
  const gradients = await session.readState(names.map(gradientName))
  return names.find((name) => !isFine(gradients.get(gradientName(name))))
}

/** Of what there is not, nothing is not finite. */
function isFine(values: Float32Array | undefined): boolean {
  return values === undefined || allFinite(values)
}
