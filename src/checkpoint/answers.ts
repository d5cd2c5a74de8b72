/** What a checkpoint says of its scores: whether there are any, and what makes probabilities of them. */
import type { Checkpoint, KerasTopology } from './checkpoint.ts'
import type { Model } from './model.ts'
import { isMap, jsonBeside } from './plain.ts'

export interface AnswersRead {
  readonly fields: Pick<Model, 'answers'>
  readonly notes: readonly string[]
}

export async function answersFrom(
  checkpoint: Checkpoint,
  { headless, classes }: { readonly headless: boolean; readonly classes: number },
): Promise<AnswersRead> {
  if (headless) return { fields: { answers: 'none' }, notes: [] }
  const { topology } = checkpoint
  const activation = topology === undefined ? undefined : lastActivation(topology)
  if (classes === 1) {
    const by = activation === undefined ? '' : ` (its last activation is ${activation})`
    return {
      fields: { answers: 'each' },
      notes: [`it has one score${by}, which is taken for no or yes: the probability is its sigmoid`],
    }
  }
  const each = 'each class is a question of its own: the probabilities are sigmoids and do not sum to one'
  if (activation === 'sigmoid')
    return { fields: { answers: 'each' }, notes: [`its last activation is sigmoid; ${each}`] }
  const config = await jsonBeside(checkpoint, 'config.json')
  if (isMap(config) && config.get('problem_type') === 'multi_label_classification')
    return { fields: { answers: 'each' }, notes: [`config.json says multi_label_classification; ${each}`] }
  const usual = activation === undefined || activation === 'softmax' || activation === 'linear'
  const notes = usual ? [] : [`its last activation, ${activation}, is not followed: softmax is taken`]
  return { fields: {}, notes }
}

/** The activation of the last layer that computes; undefined where the graph does not say. */
function lastActivation({ layers }: KerasTopology): string | undefined {
  for (const { className, config } of [...layers].reverse()) {
    if (className === 'Softmax') return 'softmax'
    if (!/^(Dense|Conv2D|Activation)$/.test(className)) continue
    const { activation } = config
    return typeof activation === 'string' ? activation : undefined
  }
  return undefined
}
