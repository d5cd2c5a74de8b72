/** A training picture as one epoch sees it: cut and mirrored at random, its colours and shape changed. */
import type { Preprocessing } from '../../architecture/preprocessing.ts'
import type { Picture } from '../picture.ts'
import { mirrorImage, randomCrop } from './crop.ts'
import { jittered } from './jitter.ts'
import { applyPolicy } from './policy.ts'
import type { Random } from './random.ts'
import type { Augmentation } from './settings.ts'

/**
 * The pixels that the network sees, of the size of the preprocessing's crop. The same for the same random numbers; the
 * picture itself stays as it is. What happens to the input and to whole batches has its own places: `erase`, `mixBatch`.
 */
export function augment(
  picture: Picture,
  { crop, flip, policy, jitter }: Augmentation,
  preprocessing: Preprocessing,
  random: Random,
): Picture {
  const piece = randomCrop(picture, crop, preprocessing, random)
  const mirrored = random.chance(flip) ? mirrorImage(piece) : piece
  const changed = policy === null ? mirrored : applyPolicy(mirrored, policy, random)
  return jitter === null ? changed : jittered(changed, jitter, random)
}
