/** ImageNet's class names as labels, and the WordNet ids that class folders are named by. */
import { imageNetClasses } from '../datasets/imagenet-classes.ts'

/** The thousand names in their usual order. */
export const imagenetLabels: readonly string[] = imageNetClasses().map(({ name }) => name)

/** The WordNet ids of a model whose labels are ImageNet's, one for each class; none for any other. */
export function imagenetIdsFor(labels: readonly string[]): readonly string[] {
  const offset = labels.length - imagenetLabels.length
  const isImageNet =
    (offset === 0 || offset === 1) && imagenetLabels.every((name, i) => labels[i + offset] === name)
  if (!isImageNet) return []
  const ids = imageNetClasses().map(({ id }) => id)
  return offset === 1 ? ['', ...ids] : ids
}
