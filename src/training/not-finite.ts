/** Finds where a step's numbers stopped being finite, to tell it to a person. */

import type { ResNetConfig } from '../architecture/config.ts'
import { namesOf } from '../architecture/names.ts'
import type { Session, TensorMap } from '../engines/engine.ts'
import { TrainingError } from '../errors.ts'
import { gradientName } from '../graph/differentiate.ts'
import { select } from '../graph/select.ts'
import type { Phase } from './phases.ts'

export interface Failure {
  readonly config: ResNetConfig
  readonly phase: Phase
  readonly inputs: TensorMap
  readonly batch: number
  /** From 1. */
  readonly step: number
  readonly loss: number
}

/** The error of a step whose loss or gradients are not finite. */
export async function notFinite(session: Session, failure: Failure): Promise<TrainingError> {
  const { step, loss } = failure
  const map = await firstMap(session, failure)
  const gradient = map === undefined ? await firstGradient(session, failure) : undefined
  const where =
    map !== undefined
      ? `the output of ${map} is not finite`
      : gradient !== undefined
        ? `the gradient of ${gradient} is not finite`
        : `the loss is ${loss}`
  return new TrainingError(
    `step ${step}: ${where}; the network is as it was before that step. Lower the rate, warm up longer, or clip the gradients`,
  )
}

/** The first part of the network, from the stem on, whose map holds what is no finite number. */
async function firstMap(
  session: Session,
  { config, phase, inputs, batch }: Failure,
): Promise<string | undefined> {
  const graph = phase.training.first
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
  return names.find((name) => !allFinite(outputs.get(name)))
}

const lookingGlass = 'where numbers stop being finite'

/** The first parameter whose gradient is not finite. */
async function firstGradient(session: Session, { phase }: Failure): Promise<string | undefined> {
  const names = phase.groups.flatMap(({ parameters }) => parameters)
  const gradients = await session.readState(names.map(gradientName))
  return names.find((name) => !allFinite(gradients.get(gradientName(name))))
}

function allFinite(values: Float32Array | undefined): boolean {
  return values?.every(Number.isFinite) ?? true
}
