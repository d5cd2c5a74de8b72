/** A sheet of training pictures as the network will see them, to look at before a run begins. */
import type { Preprocessing } from '../architecture/preprocessing.ts'
import type { DatasetItem } from '../datasets/dataset.ts'
import { contactSheet } from '../images/augment/contact-sheet.ts'
import type { Picture } from '../images/picture.ts'
import { croppedPixels, pictureOfInput } from '../images/preprocess.ts'
import type { PictureInputs } from './inputs.ts'
import type { Pictures } from './pictures.ts'

const rows = 10
const epochs = 8

export interface Previewed {
  readonly items: readonly DatasetItem[]
  readonly pictures: Pictures
  readonly preprocessing: Preprocessing
  readonly inputs: PictureInputs
}

/**
 * A row for a picture of each class, of ten classes at most: as it is seen without augmentation, and as the first eight
 * epochs have it. Mixup and CutMix, which need a whole batch, are left out.
 */
export async function previewOf({ items, pictures, preprocessing, inputs }: Previewed): Promise<Picture> {
  const sheet: Picture[][] = []
  const seen = new Set<number>()
  for (const [place, item] of items.entries()) {
    if (sheet.length === rows) break
    if (seen.has(item.class)) continue
    const picture = await pictures.get(item)
    if (picture === undefined) continue
    seen.add(item.class)
    const variants = Array.from({ length: epochs }, (_, epoch) =>
      pictureOfInput(inputs.inputOf(picture, epoch, place), preprocessing),
    )
    sheet.push([croppedPixels(picture, preprocessing), ...variants])
  }
  return contactSheet(sheet)
}
