/** A sheet of training pictures as the network will see them, to look at before a run begins. */
import type { Preprocessing } from '../architecture/preprocessing.ts'
import type { DatasetItem } from '../datasets/dataset.ts'
import { contactSheet } from '../images/augment/contact-sheet.ts'
import type { Picture } from '../images/picture.ts'
import { croppedPixels, pictureOfInput } from '../images/preprocess.ts'
import { elements } from '../ops/shape.ts'
import type { PictureInputs } from './inputs.ts'
import type { Pictures } from './pictures.ts'

const rows = 10
const mostEpochs = 8

export interface Previewed {
  readonly items: readonly DatasetItem[]
  readonly decoded: Pictures
  readonly pictures: PictureInputs
  readonly preprocessing: Preprocessing
  /** How many epochs differ: those of the run, or the copies whose features are kept. */
  readonly epochs?: number
}

export interface Preview {
  readonly sheet: Picture
  /** Numbers of the classes, row by row. */
  readonly classes: readonly number[]
  /** How many epochs it shows. */
  readonly epochs: number
}

/**
 * A row for a picture of each class, of ten classes at most: as it is seen without augmentation, and as the first epochs,
 * eight at most, have it. Mixup and CutMix, which need a whole batch, are left out.
 */
export async function previewOf(previewed: Previewed): Promise<Preview> {
  const { items, decoded, pictures, preprocessing } = previewed
  const epochs = Math.min(mostEpochs, previewed.epochs ?? mostEpochs)
  const sheet: Picture[][] = []
  const seen = new Set<number>()
  for (const [place, item] of items.entries()) {
    if (sheet.length === rows) break
    if (seen.has(item.class)) continue
    const picture = await decoded.get(item)
    if (picture === undefined) continue
    seen.add(item.class)
    const variants: Picture[] = []
    for (let epoch = 0; epoch < epochs; epoch++) {
      const input = new Float32Array(elements(pictures.shape))
      await pictures.training(place, epoch, input)
      variants.push(pictureOfInput(input, preprocessing))
    }
    sheet.push([croppedPixels(picture, preprocessing), ...variants])
  }
  return { sheet: contactSheet(sheet), classes: [...seen], epochs }
}
