/** Sheets of pictures: each in its cell, small ones enlarged. */
import { describe, expect, it } from 'vitest'
import type { Picture } from '../picture.ts'
import { contactSheet } from './contact-sheet.ts'

const plain = (size: number, value: number): Picture => ({
  width: size,
  height: size,
  data: new Uint8Array(size * size * 3).fill(value),
})

describe('a contact sheet', () => {
  it('has each picture in its cell, enlarged by a whole factor, on white', () => {
    // 32 pixels become 160, with gaps of 4 around.
    const { width, height, data } = contactSheet([
      [plain(32, 10), plain(32, 20), plain(32, 30)],
      [plain(32, 40), plain(32, 50)],
    ])
    expect([width, height]).toEqual([4 + 3 * 164, 4 + 2 * 164])
    const at = (x: number, y: number) => data[(y * width + x) * 3]
    expect([at(4, 4), at(163, 163), at(168, 4), at(332, 100), at(4, 168), at(200, 200)]).toEqual([
      10, 10, 20, 30, 40, 50,
    ])
    expect([at(3, 3), at(164, 80), at(80, 165), at(400, 200)]).toEqual([255, 255, 255, 255])
  })

  it('reduces great pictures, and leaves those in between as they are', () => {
    expect(contactSheet([[plain(640, 9)]]).width).toBe(168)
    expect(contactSheet([[plain(100, 9)]]).width).toBe(108)
  })
})
