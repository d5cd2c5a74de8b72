/** The teacher of a distillation: a model that answers on the pictures as the student sees them. */
import { answersOf } from '../checkpoint/consistent.ts'
import type { Model } from '../checkpoint/model.ts'
import type { Engine } from '../engines/engine.ts'
import { ArgumentError } from '../errors.ts'
import { LoadedModel } from '../inference/loaded-model.ts'
import type { Teacher } from './batches.ts'
import type { RunSettings } from './events.ts'

export interface OpenedTeacher {
  readonly scores: Teacher
  close(): Promise<void>
}

/**
 * Opens the teacher where there is one.
 *
 * @throws ArgumentError where its classes are others, or it sees pictures in another way.
 */
export async function openTeacher(
  model: Model | undefined,
  given: { readonly settings: RunSettings; readonly engine: Engine; readonly threads?: number },
): Promise<OpenedTeacher | undefined> {
  if (model === undefined) return undefined
  const { settings, engine, threads } = given
  const { classes, preprocessing } = settings
  const other = classes.find((label, i) => model.labels[i] !== label)
  if (other !== undefined || model.labels.length !== classes.length) {
    throw new ArgumentError(
      `the teacher ${model.name} has other classes than the pictures (${classes.length}, ${other ?? model.labels.at(-1)} among them); it must have been trained on the same`,
    )
  }
  if (answersOf(model) !== 'one' || model.config.classes !== classes.length) {
    throw new ArgumentError(
      `the teacher ${model.name} does not tell classes apart by one score for each; it must have been trained as the student will be`,
    )
  }
  if (JSON.stringify(model.preprocessing) !== JSON.stringify(preprocessing)) {
    throw new ArgumentError(
      `the teacher ${model.name} sees pictures prepared in another way than the network that learns; give it the teacher's mean, deviation and size`,
    )
  }
  const loaded = await LoadedModel.open(model, engine, threads === undefined ? {} : { threads })
  return {
    scores: (image, batch) => loaded.scoresOf(image, batch),
    close: () => loaded.dispose(),
  }
}
