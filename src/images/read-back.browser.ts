/** Pixels of what a browser has decoded or drawn, as bytes: through a canvas, WebGL or WebCodecs. */
import { ImageError } from '../errors.ts'
import { type Picture, pictureFromPixels } from './picture.ts'

/** Of a canvas, which mixes colours with alpha: exact only where nothing is transparent. */
export function fromCanvas(bitmap: ImageBitmap, name: string): Uint8ClampedArray {
  refuseChangedCanvas(name)
  const { width, height } = bitmap
  const context = contextOf(width, height)
  if (context === null)
    throw new ImageError(`${name}: the browser gives no canvas of ${width}×${height} to decode on`)
  context.drawImage(bitmap, 0, 0)
  return context.getImageData(0, 0, width, height).data
}

/** Of a WebGL texture, which keeps the colours beneath alpha; undefined where there is no WebGL, or none of that size. */
export function fromTexture(bitmap: ImageBitmap, name: string): Uint8Array | undefined {
  refuseChangedCanvas(name)
  const { width, height } = bitmap
  const gl = new OffscreenCanvas(1, 1).getContext('webgl')
  if (gl === null || Math.max(width, height) > Number(gl.getParameter(gl.MAX_TEXTURE_SIZE))) return undefined
  gl.bindTexture(gl.TEXTURE_2D, gl.createTexture())
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, bitmap)
  gl.bindFramebuffer(gl.FRAMEBUFFER, gl.createFramebuffer())
  const texture = gl.getParameter(gl.TEXTURE_BINDING_2D)
  gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, texture, 0)
  const rgba = new Uint8Array(width * height * 4)
  gl.readPixels(0, 0, width, height, gl.RGBA, gl.UNSIGNED_BYTE, rgba)
  gl.getExtension('WEBGL_lose_context')?.loseContext()
  return rgba
}

/**
 * Of a file by WebCodecs, which answers the decoder's own bytes; undefined where the browser has none for it, as on pages
 * that are not secure.
 */
export async function fromDecoder(bytes: Uint8Array, type: string): Promise<Picture | undefined> {
  if (!('ImageDecoder' in globalThis) || !(await ImageDecoder.isTypeSupported(type))) return undefined
  const decoder = new ImageDecoder({ data: bytes.slice(), type, colorSpaceConversion: 'none' })
  try {
    const { image } = await decoder.decode()
    try {
      return await pixelsOfFrame(image)
    } finally {
      image.close()
    }
  } finally {
    decoder.close()
  }
}

const eightBits = ['RGBA', 'RGBX', 'BGRA', 'BGRX', 'I420', 'I422', 'I444', 'NV12']

async function pixelsOfFrame(frame: VideoFrame): Promise<Picture | undefined> {
  const { format, visibleRect } = frame
  if (format === null || visibleRect === null || !eightBits.includes(format)) return undefined
  const { width, height } = visibleRect
  const data = new Uint8Array(width * height * 4)
  // Asked for in another order, these would be mixed with alpha.
  const isPlain = format.startsWith('RGB') || format.startsWith('BGR')
  await frame.copyTo(data, isPlain ? {} : { format: 'RGBA' })
  if (format.startsWith('BGR')) swapRedAndBlue(data)
  return pictureFromPixels({ width, height, data })
}

function swapRedAndBlue(data: Uint8Array): void {
  for (let i = 0; i < data.length; i += 4) [data[i], data[i + 2]] = [data[i + 2] ?? 0, data[i] ?? 0]
}

function contextOf(width: number, height: number): OffscreenCanvasRenderingContext2D | null {
  return new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
}

const side = 64
/** What browsers change unseen, in private windows, is a level here and there. */
const unseen = 2
let canvasIsTrue: boolean | undefined

/**
 * Protections against fingerprinting change what is read from a canvas (Firefox's `resistFingerprinting` all of it): a
 * pattern is read back, once.
 *
 * @throws ImageError where it comes back as something else.
 */
function refuseChangedCanvas(name: string): void {
  canvasIsTrue ??= readsBackPattern()
  if (canvasIsTrue) return
  throw new ImageError(
    `${name}: this browser changes what is read from a canvas, as protection against fingerprinting does (privacy.resistFingerprinting in Firefox), and every answer would be wrong; allow this page to read canvases, or give the bytes of a PNG or BMP file, which are read without one`,
  )
}

function readsBackPattern(): boolean {
  const context = contextOf(side, side)
  if (context === null) return true
  const pattern = Uint8ClampedArray.from({ length: side * side * 4 }, (_, i) =>
    i % 4 === 3 ? 255 : (i * 151 + (i >> 8) * 37) % 256,
  )
  context.putImageData(new ImageData(pattern, side, side), 0, 0)
  const { data } = context.getImageData(0, 0, side, side)
  return data.every((value, i) => Math.abs(value - (pattern[i] ?? 0)) <= unseen)
}
