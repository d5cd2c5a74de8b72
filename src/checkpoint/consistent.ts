/** What every model passes through before it is run, trained, written or exported: its parts are checked against each other. */
import { forChannels } from '../architecture/preprocessing.ts'
import { ConfigError } from '../errors.ts'
import type { Answers, Model } from './model.ts'

/**
 * A model whose parts go together: its preprocessing gives as many channels as the network reads, its input has the size
 * that the preprocessing cuts, and its labels are as many as its classes.
 *
 * @throws ConfigError that names the first part that cannot be brought together with the others.
 */
export function consistentModel<M extends ModelParts>(model: M): M {
  const { config, labels, preprocessing } = model
  const allowed = answersOf(model) === 'each' && config.classes === 1 ? [0, 1, 2] : [0, config.classes]
  if (!allowed.includes(labels.length)) {
    throw new ConfigError(
      'labels',
      `there are ${labels.length} for ${config.classes} classes; give one for each class, or none`,
    )
  }
  const fitted = forChannels(preprocessing, config.inputChannels)
  const [height, width] = fitted.crop
  const sized = config.input[0] === height && config.input[1] === width
  if (sized && fitted === preprocessing) return model
  return { ...model, preprocessing: fitted, config: sized ? config : { ...config, input: [height, width] } }
}

export type ModelParts = Pick<Model, 'config' | 'labels' | 'preprocessing' | 'answers'>

/** What a model's scores say; one score is of yes or no. */
export function answersOf({ answers, config }: Pick<Model, 'answers' | 'config'>): Answers {
  return answers ?? (config.classes === 1 ? 'each' : 'one')
}
