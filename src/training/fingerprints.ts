/** Numbers by which a run that goes on tells whether what it finds is what it left. */
import { narrow } from '../checkpoint/formats/dtypes.ts'
import type { TrainingSet } from '../datasets/training-set.ts'
import type { TensorMap } from '../engines/engine.ts'
import { hashName } from '../ops/random-bits.ts'
import { crc32c } from './crc32c.ts'
import type { RunSettings } from './events.ts'

/** Of the names and classes of all pictures. */
export function fingerprintOf({ train, val, test }: TrainingSet): string {
  const files = [train, val, test].flatMap((items) => [
    ...items.map((item) => `${item.class} ${item.file}`),
    '',
  ])
  return hashName(files.join('\n')).toString(16).padStart(8, '0')
}

/** Tells apart all that features depend on: the network, what its pictures go through, and the pictures. */
export function fingerprintOfFeatures(start: string, settings: RunSettings, frozen: TensorMap): string {
  const { config, preprocessing, recipe, seed, dataset } = settings
  const { augmentation, fineTuning } = recipe
  const said = [start, config, preprocessing, augmentation, fineTuning.copies, seed, dataset.fingerprint]
  const tensors = [...frozen].map(([name, values]) => [name, crc32c(narrow('F32', values))])
  return hashName(JSON.stringify([said, tensors])).toString(16)
}
