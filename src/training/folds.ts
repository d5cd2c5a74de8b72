/**
 * What a classifier on frozen features is worth, estimated by k folds: it is trained k times more, each time without another
 * part of the pictures, which then judges it. That costs seconds, since the features are there, and so no picture needs to be
 * kept from the classifier that the run leaves: each is learnt from, and each has judged.
 */
import type { DatasetItem } from '../datasets/dataset.ts'
import type { TrainingSet } from '../datasets/training-set.ts'
import { hashName, randomUniform } from '../ops/random-bits.ts'
import { elements } from '../ops/shape.ts'
import { Batches } from './batches.ts'
import type { Estimate, RunSettings } from './events.ts'
import { frozenValue } from './frozen.ts'
import type { Inputs } from './inputs.ts'
import type { PreparedRun } from './prepare.ts'
import { rateShare } from './schedule.ts'
import { validate } from './validate.ts'

const mostFolds = 5

/** Whether `estimate` has something to say of a run. */
export function hasFolds(settings: RunSettings, { val, train, classes }: TrainingSet): boolean {
  if (val.length > 0 || settings.from === null) return false
  return frozenValue(settings) === 'features' && foldsOf(train, classes.length) > 1
}

/** The estimate of a run that has ended; its learner is used up by it. */
export async function estimate(
  run: PreparedRun,
  signal: AbortSignal | undefined,
): Promise<Estimate | undefined> {
  const { set, settings, inputs, learner } = run
  const folds = foldsOf(set.train, set.classes.length)
  const foldOf = assign(set.train, folds, settings.seed)
  let [images, correct, loss] = [0, 0, 0]
  for (let fold = 0; fold < folds; fold++) {
    const places = [...set.train.keys()]
    const [learnt, judging] = [
      places.filter((place) => foldOf[place] !== fold),
      places.filter((place) => foldOf[place] === fold),
    ]
    await learner.beginAnew()
    if (!(await learn(run, learnt, signal))) return undefined
    const counts = await validate({
      items: judging.flatMap((place) => set.train[place] ?? []),
      classes: settings.classes,
      values: elements(inputs.shape),
      write: (place, to) => inputs.training(judging[place] ?? 0, 0, to),
      scores: (image, batch) => learner.scores(image, batch, settings.recipe.epochs - 1),
    })
    if (counts.images === 0) continue
    images += counts.images
    correct += counts.correct
    loss += counts.loss * counts.images
  }
  return images === 0 ? undefined : { folds, images, correct, top1: correct / images, loss: loss / images }
}

/** Five, or as many as the smallest class has pictures. */
function foldsOf(items: readonly DatasetItem[], classes: number): number {
  const counts = new Uint32Array(classes)
  for (const item of items) counts[item.class] = (counts[item.class] ?? 0) + 1
  return counts.reduce((least, count) => Math.min(least, count), mostFolds)
}

/** The fold of each picture: every class is spread over all of them, in an order that goes by the seed. */
function assign(items: readonly DatasetItem[], folds: number, seed: number): Uint32Array {
  const order = [...items.entries()]
    .map(([place, { class: own, file }]) => ({ place, own, chance: randomUniform(seed, hashName(file)) }))
    .sort((a, b) => a.own - b.own || a.chance - b.chance)
  const fold = new Uint32Array(items.length)
  for (const [rank, { place }] of order.entries()) fold[place] = rank % folds
  return fold
}

/** All epochs on some of the pictures; false where it was told to stop. */
async function learn(
  { set, settings, inputs, learner, batch }: PreparedRun,
  places: readonly number[],
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { recipe, seed, classes } = settings
  const some: Inputs = {
    ...{ shape: inputs.shape, prepare: (ended) => inputs.prepare(ended) },
    training: (place, epoch, to) => inputs.training(places[place] ?? 0, epoch, to),
    validation: (place, to) => inputs.validation(place, to),
  }
  const items = places.flatMap((place) => set.train[place] ?? [])
  const batches = new Batches({ items, inputs: some, recipe, classes: classes.length, seed, batch })
  const stepsPerEpoch = Math.ceil(items.length / batch)
  const steps = recipe.epochs * stepsPerEpoch
  for (let step = 0; step < steps; step++) {
    if (signal?.aborted === true) return false
    const epoch = Math.floor(step / stepsPerEpoch)
    const rate = recipe.rate * rateShare(recipe, { step, stepsPerEpoch, steps })
    await learner.step(await batches.prepare(epoch, step % stepsPerEpoch), { epoch, step, rate })
  }
  return true
}
