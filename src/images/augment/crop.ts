/** The random piece of a training picture that the network sees, and its mirror image. */
import type { Preprocessing } from '../../architecture/preprocessing.ts'
import { cut, type Rectangle } from '../cut.ts'
import type { Picture } from '../picture.ts'
import { croppedPixels, inColoursOf } from '../preprocess.ts'
import { resize } from '../resize.ts'
import { type PieceRange, randomPiece } from './piece.ts'
import type { Random } from './random.ts'
import type { Augmentation } from './settings.ts'

/** A piece of the size of the preprocessing's crop. */
export function randomCrop(
  picture: Picture,
  crop: Augmentation['crop'],
  preprocessing: Preprocessing,
  random: Random,
): Picture {
  if (crop.kind === 'random-resized') {
    const [height, width] = preprocessing.crop
    const piece = cut(picture, randomPiece(picture, crop, random) ?? middle(picture, crop))
    return resize(inColoursOf(piece, preprocessing), width, height, preprocessing.interpolation)
  }
  const pixels = croppedPixels(picture, preprocessing)
  return crop.kind === 'centre' ? pixels : shifted(pixels, crop, random)
}

/** The greatest piece in the middle whose proportions are allowed, as in torchvision's RandomResizedCrop. */
function middle(
  { width, height }: Picture,
  { ratio: [narrowest, widest] }: Pick<PieceRange, 'ratio'>,
): Rectangle {
  const across = Math.max(1, Math.round(Math.min(width, height * widest)))
  const down = Math.max(1, Math.round(Math.min(height, width / narrowest)))
  return {
    top: Math.floor((height - down) / 2),
    left: Math.floor((width - across) / 2),
    height: down,
    width: across,
  }
}

/** A window of the picture's size on the picture with a border around it. */
function shifted(
  picture: Picture,
  { padding, fill }: Extract<Augmentation['crop'], { kind: 'pad' }>,
  random: Random,
): Picture {
  const { width, height } = picture
  const top = random.integer(2 * padding + 1) - padding
  const left = random.integer(2 * padding + 1) - padding
  return fill === 'zero' ? cut(picture, { top, left, height, width }) : reflected(picture, top, left)
}

/** The window from `top` and `left` on a picture that is mirrored at its edges, which are not repeated. */
function reflected({ data, width, height }: Picture, top: number, left: number): Picture {
  const out = new Uint8Array(data.length)
  const columns = Int32Array.from({ length: width }, (_, x) => mirrored(x + left, width) * 3)
  for (let y = 0; y < height; y++) {
    const row = mirrored(y + top, height) * width * 3
    for (let x = 0; x < width; x++) {
      const from = row + (columns[x] ?? 0)
      const to = (y * width + x) * 3
      out[to] = data[from] ?? 0
      out[to + 1] = data[from + 1] ?? 0
      out[to + 2] = data[from + 2] ?? 0
    }
  }
  return { width, height, data: out }
}

function mirrored(place: number, size: number): number {
  const period = Math.max(1, 2 * (size - 1))
  const within = ((place % period) + period) % period
  return within < size ? within : period - within
}

/** Left and right exchanged. */
export function mirrorImage({ data, width, height }: Picture): Picture {
  const out = new Uint8Array(data.length)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + width - 1 - x) * 3
      const to = (y * width + x) * 3
      out[to] = data[from] ?? 0
      out[to + 1] = data[from + 1] ?? 0
      out[to + 2] = data[from + 2] ?? 0
    }
  }
  return { width, height, data: out }
}
