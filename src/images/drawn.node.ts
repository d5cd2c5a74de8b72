/** What Node alone holds as a picture: paths, and `sharp` objects. */
import { readFile, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Sharp } from 'sharp'
import { type ByteRules, fetchedBytes, refuse, tagOf } from '../bounded/given-bytes.ts'
import { ImageError } from '../errors.ts'
import { type Picture, pictureFromPixels, pictureLimits } from './picture.ts'

/** The bytes of a picture's file: of a path, of a `file:` address, or fetched. */
export async function readAddress(address: string | URL, rules: ByteRules): Promise<Uint8Array> {
  if (typeof address !== 'string')
    return address.protocol === 'file:' ? readPath(pathOf(address), rules) : fetchedBytes(address, rules)
  if (/^data:/i.test(address)) return fetchedBytes(address, rules)
  if (/^https?:\/\//i.test(address))
    refuse(rules, `in Node a text is a path; to have an address fetched, pass new URL("...")`)
  return readPath(address, rules)
}

function pathOf(address: URL): string {
  try {
    return fileURLToPath(address)
  } catch (error) {
    throw new ImageError(`${address.href}: not the address of a file here`, { cause: error })
  }
}

/** Throws `ImageError` where there is no file, or one too large to be a picture. */
async function readPath(path: string, rules: ByteRules): Promise<Uint8Array> {
  const status = await stat(path).catch(() => undefined)
  if (status === undefined) return refuse(rules, `no such file`)
  if (status.isDirectory()) refuse(rules, `a folder, not a picture`)
  // A device or pipe has no size to check, and may never end.
  if (!status.isFile()) refuse(rules, `not a regular file; give a picture`)
  if (status.size > pictureLimits.fileBytes)
    refuse(rules, `${status.size} bytes are more than a picture may have`)
  return readFile(path).catch((error: unknown) =>
    refuse(rules, `cannot be read (${error instanceof Error ? error.message : String(error)})`, error),
  )
}

const ofPages = /^(HTML|SVG)\w*Element$|^(OffscreenCanvas|ImageBitmap|VideoFrame)$/

/** What a `sharp` object's pipeline gives, as 8-bit RGB; undefined for other objects. */
export async function drawnPicture(input: object, file: string): Promise<Picture | undefined> {
  const tag = tagOf(input)
  if (ofPages.test(tag))
    throw new ImageError(
      `${file}: pixels of a ${tag} are read in pages; in Node pass the file’s bytes or ImageData`,
    )
  if (!isSharp(input)) return undefined
  try {
    const { data, info } = await input
      .clone()
      .toColourspace('srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    return pictureFromPixels({ width: info.width, height: info.height, data })
  } catch (error) {
    throw new ImageError(`${file}: sharp says: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

function isSharp(input: object): input is Sharp {
  return ['clone', 'metadata', 'toColourspace', 'toBuffer'].every(
    (method) => typeof Reflect.get(input, method) === 'function',
  )
}
