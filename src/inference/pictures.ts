/** Whatever a picture comes as, made into what a network sees. */
import { decodePicture } from '#platform/images/decode'
import { readPicture } from '#platform/inference/paths'
import type { Preprocessing } from '../architecture/preprocessing.ts'
import { type EncodedPicture, type Picture, type Pixels, pictureFromPixels } from '../images/picture.ts'
import { croppedPixels, preprocess } from '../images/preprocess.ts'

/** A path, a file's bytes (perhaps with its name), a `Blob`, or decoded pixels such as `ImageData`. */
export type PictureInput = string | Uint8Array | ArrayBuffer | Blob | EncodedPicture | Pixels

/** A picture as the network sees it, `[1, C, H, W]`. Throws `ImageError` for what is no picture. */
export async function prepare(input: PictureInput, preprocessing: Preprocessing): Promise<Float32Array> {
  return preprocess(await decoded(input), preprocessing)
}

/** The pixels of a picture that the network sees. Throws `ImageError` for what is no picture. */
export async function pixelsSeen(input: PictureInput, preprocessing: Preprocessing): Promise<Picture> {
  return croppedPixels(await decoded(input), preprocessing)
}

async function decoded(input: PictureInput): Promise<Picture> {
  const encoded = (bytes: Uint8Array) => decodePicture({ file: 'the picture', bytes })
  if (typeof input === 'string') return decodePicture({ file: input, bytes: await readPicture(input) })
  if (input instanceof Uint8Array) return encoded(input)
  if (input instanceof ArrayBuffer) return encoded(new Uint8Array(input))
  if (input instanceof Blob) return encoded(new Uint8Array(await input.arrayBuffer()))
  if ('bytes' in input) return decodePicture(input)
  return pictureFromPixels(input)
}
