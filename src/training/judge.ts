/** What the model of a run that has ended is worth. */
import type { Model } from '../checkpoint/model.ts'
import { LoadedModel } from '../inference/loaded-model.ts'
import { elements } from '../ops/shape.ts'
import type { PreparedRun } from './prepare.ts'
import type { Judgement } from './report/data.ts'
import { TellingAnswers } from './report/telling-answers.ts'
import { validate } from './validate.ts'

/** Judges a model on the test pictures, where there are none on the validation pictures; undefined without both. */
export async function judge(run: PreparedRun, model: Model): Promise<Judgement | undefined> {
  const { set, engine, engineOptions, settings, decoded, pictures } = run
  const on = set.test.length > 0 ? 'test' : 'val'
  if (set[on].length === 0) return undefined
  const loaded = await LoadedModel.open(model, engine, engineOptions)
  try {
    const telling = new TellingAnswers()
    const counts = await validate({
      items: set[on],
      classes: settings.classes,
      values: elements(pictures.shape),
      write: (place, to) => pictures.asInInference(set[on][place], to),
      scores: (image, batch) => loaded.scoresOf(image, batch),
      onAnswer: (item, logits) => telling.add(item, logits),
    })
    if (counts.images === 0) return undefined
    // What is shown beside the counts is no reason to lose them.
    const drawn = await telling.draw(loaded, decoded).catch((error: unknown) => ({
      mistakes: [],
      leastSure: [],
      undrawn: error instanceof Error ? error.message : String(error),
    }))
    return { on, counts, ...drawn }
  } finally {
    await loaded.dispose()
  }
}
