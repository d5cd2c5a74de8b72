/** Whatever a picture comes as, made into what a network sees. */
import { decodePicture } from '#platform/images/decode'
import type { Preprocessing } from '../architecture/preprocessing.ts'
import { type PictureInput, readGiven } from '../images/given.ts'
import type { Picture } from '../images/picture.ts'
import { croppedPixels, preprocess } from '../images/preprocess.ts'

/** A picture as the network sees it, `[1, C, H, W]`. Throws `ImageError` for what is no picture. */
export async function prepare(input: PictureInput, preprocessing: Preprocessing): Promise<Float32Array> {
  return preprocess(await decoded(input), preprocessing)
}

/** The pixels of a picture that the network sees. Throws `ImageError` for what is no picture. */
export async function pixelsSeen(input: PictureInput, preprocessing: Preprocessing): Promise<Picture> {
  return croppedPixels(await decoded(input), preprocessing)
}

async function decoded(input: PictureInput): Promise<Picture> {
  const read = await readGiven(input)
  return 'bytes' in read ? decodePicture(read) : read
}
