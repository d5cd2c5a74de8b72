/** What the model of a run that has ended is worth. */
import type { Model } from '../checkpoint/model.ts'
import { LoadedModel } from '../inference/loaded-model.ts'
import { elements } from '../ops/shape.ts'
import type { PreparedRun } from './prepare.ts'
import type { Judgement } from './report/data.ts'
import { WorstMistakes } from './report/mistakes.ts'
import { validate } from './validate.ts'

/** Judges a model on the test pictures, where there are none on the validation pictures; undefined without both. */
export async function judge(run: PreparedRun, model: Model): Promise<Judgement | undefined> {
  const { set, engine, settings, pictures, seen } = run
  const on = set.test.length > 0 ? 'test' : 'val'
  if (set[on].length === 0) return undefined
  const loaded = await LoadedModel.open(model, engine)
  try {
    const worst = new WorstMistakes()
    const counts = await validate({
      items: set[on],
      classes: settings.classes,
      values: elements(seen.shape),
      write: (place, to) => seen.asInInference(set[on][place], to),
      scores: (image, batch) => scoresOf(loaded, image, batch),
      onAnswer: (item, logits) => worst.add(item, logits),
    })
    return { on, counts, mistakes: await worst.draw(loaded, pictures) }
  } finally {
    await loaded.dispose()
  }
}

async function scoresOf(loaded: LoadedModel, image: Float32Array, batch: number): Promise<Float32Array> {
  const values = image.length / batch
  const images = Array.from({ length: batch }, (_, i) => image.subarray(i * values, (i + 1) * values))
  return Float32Array.from((await loaded.logitsOfBatch(images, batch)).flatMap((row) => [...row]))
}
