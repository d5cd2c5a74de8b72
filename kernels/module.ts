/** The module of one level: everything that the engine runs, over one imported memory. */
import type { Level } from '../src/engines/wasm/levels.ts'
import { convolution } from './convolution.ts'
import { depthwiseKernels } from './depthwise.ts'
import { functions } from './functions.ts'
import { groupNormalisation } from './group-normalisation.ts'
import { loss } from './loss.ts'
import { normalisation } from './normalisation.ts'
import { normalisationGradient } from './normalisation-gradient.ts'
import { poolGradients } from './pool-gradients.ts'
import { rows } from './rows.ts'
import { standardisation } from './standardisation.ts'
import { stridedKernels } from './strided.ts'
import { sums } from './sums.ts'
import { update } from './update.ts'
import { vectors } from './vectors.ts'
import { type Code, lines } from './wat.ts'
import { weightGradient } from './weight-gradient.ts'
import { weights } from './weights.ts'
import { windows } from './windows.ts'
import { winograd } from './winograd.ts'
import { winogradTraining } from './winograd-training.ts'

export { levels } from '../src/engines/wasm/levels.ts'

/** `shared`: whether the memory is one that threads share. */
export function moduleText(level: Level, { shared }: { readonly shared: boolean }): Code {
  return lines(
    `(module (import "env" "memory" (memory 1 65536${shared ? ' shared' : ''}))`,
    functions,
    convolution(level),
    winograd(level),
    weights(level),
    weightGradient(level),
    winogradTraining(level),
    normalisation,
    groupNormalisation,
    standardisation,
    normalisationGradient,
    poolGradients,
    sums,
    loss,
    update,
    rows,
    windows,
    depthwiseKernels,
    vectors,
    stridedKernels,
    ')',
  )
}
