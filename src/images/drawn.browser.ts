/** What a page alone holds as a picture: addresses, and what is drawn. */
import { type ByteRules, fetchedBytes, tagOf } from '../bounded/given-bytes.ts'
import { ImageError } from '../errors.ts'
import { checkPixels, type Picture, pictureFromPixels } from './picture.ts'
import { fromCanvas, fromTexture } from './read-back.browser.ts'

/** What an address of the page holds. */
export async function readAddress(address: string | URL, rules: ByteRules): Promise<Uint8Array> {
  return fetchedBytes(address, rules)
}

/** What can be drawn, and when it cannot. */
const drawn: ReadonlyMap<string, string> = new Map([
  ['HTMLImageElement', 'its file was not loaded, or is no picture that this browser reads'],
  ['SVGImageElement', 'its file was not loaded, or is no picture that this browser reads'],
  ['HTMLVideoElement', 'wait for its event "loadeddata"'],
  ['HTMLCanvasElement', 'it has no pixels'],
  ['OffscreenCanvas', 'it has no pixels, or was given away'],
  ['ImageBitmap', 'it was closed or given away'],
  ['VideoFrame', 'it was closed'],
])

function isDrawn(input: object): input is ImageBitmapSource & object {
  return drawn.has(tagOf(input))
}

/** The pixels of what a page draws; undefined for other objects. */
export async function drawnPicture(input: object, file: string): Promise<Picture | undefined> {
  if (!isDrawn(input)) return undefined
  const bitmap = await bitmapOf(input, file)
  try {
    checkPixels(file, bitmap.width, bitmap.height)
    return pixelsOf(bitmap, tagOf(input), file)
  } finally {
    bitmap.close()
  }
}

async function bitmapOf(input: ImageBitmapSource & object, file: string): Promise<ImageBitmap> {
  try {
    if (isLoading(input)) await input.decode()
    return await createImageBitmap(input, { premultiplyAlpha: 'none', colorSpaceConversion: 'none' })
  } catch (error) {
    const tag = tagOf(input)
    throw new ImageError(`${file}: the ${tag} shows no picture now: ${drawn.get(tag)}`, { cause: error })
  }
}

function isLoading(input: object): input is HTMLImageElement {
  return tagOf(input) === 'HTMLImageElement' && Reflect.get(input, 'complete') === false
}

function pixelsOf(bitmap: ImageBitmap, tag: string, file: string): Picture {
  const { width, height } = bitmap
  const data = readable(bitmap, tag, file)
  // A canvas has no colours beneath its alpha; the others may.
  const isClear =
    !tag.endsWith('Canvas') &&
    tag !== 'HTMLCanvasElement' &&
    data.some((value, i) => i % 4 === 3 && value < 255)
  if (!isClear) return pictureFromPixels({ width, height, data })
  const exact = fromTexture(bitmap, file)
  if (exact !== undefined) return pictureFromPixels({ width, height, data: exact })
  throw new ImageError(
    `${file}: this browser, without WebGL, does not tell the colours of a ${tag} that is partly transparent; pass the file itself (a Blob or its address)`,
  )
}

function readable(bitmap: ImageBitmap, tag: string, file: string): Uint8ClampedArray {
  try {
    return fromCanvas(bitmap, file)
  } catch (error) {
    if (error instanceof ImageError) throw error
    throw new ImageError(
      `${file}: the page may not read this ${tag}, whose picture comes from another server; set crossorigin="anonymous" on the element, and let that server allow it (CORS)`,
      { cause: error },
    )
  }
}
