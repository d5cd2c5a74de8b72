/** PNG files of pictures, written in Node and as pages write them, read back by our own decoder. */
import { describe, expect, it } from 'vitest'
import { ImageError } from '../errors.ts'
import { decodePicture } from './decode.node.ts'
import { encodePng as encodeInPage } from './encode.browser.ts'
import { encodePng } from './encode.node.ts'

describe.each([
  ['in Node', encodePng],
  ['in a page', encodeInPage],
])('a picture written as PNG %s', (_where, encode) => {
  it('reads back as the same pixels', async () => {
    const picture = { width: 7, height: 5, data: Uint8Array.from({ length: 105 }, (_, i) => (i * 37) % 256) }
    expect(await decodePicture({ file: 'written.png', bytes: await encode(picture) })).toEqual(picture)
  })

  it('is refused where it has no pixels', async () => {
    await expect(encode({ width: 0, height: 5, data: new Uint8Array() })).rejects.toThrow(ImageError)
  })
})
