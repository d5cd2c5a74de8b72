/** Runs that need set no pictures apart: classifiers on frozen features, which `folds.ts` judges. */
import type { TrainingSet } from '../datasets/training-set.ts'
import type { Recipe } from './recipe.ts'

/** More pictures than these can spare a share of them for validation. */
const manyPictures = 5000

/** Whether a run's pictures, of which a share was set apart, are few enough for every one to be learnt from. */
export function learnsFromAll({ train, val, valFrom }: TrainingSet, recipe: Recipe): boolean {
  const { augmentation, distillation, fineTuning } = recipe
  const isFrozen = fineTuning.frozen === 'backbone' && distillation === null
  const isMixed = augmentation.mixup !== null || augmentation.cutMix !== null
  return valFrom === 'share' && isFrozen && !isMixed && train.length + val.length <= manyPictures
}

/** The set with what was set apart among the training pictures again. */
export function withoutShare(set: TrainingSet): TrainingSet {
  const train = [...set.train, ...set.val].sort(
    (a, b) => a.class - b.class || (a.file < b.file ? -1 : a.file > b.file ? 1 : 0),
  )
  return { ...set, train, val: [], valFrom: 'none' }
}
