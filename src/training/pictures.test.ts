import { describe, expect, test } from 'vitest'
import type { DatasetItem } from '../datasets/dataset.ts'
import { pictureFromPixels } from '../images/picture.ts'
import { Pictures } from './pictures.ts'

/** Pictures too large to be kept, and how often each was read. */
function large(count: number) {
  const reads = Array.from({ length: count }, () => 0)
  const items = reads.map((_, i): DatasetItem => {
    const file = `${i}.png`
    const read = async () => {
      reads[i] = (reads[i] ?? 0) + 1
      const pixels = { width: 2, height: 2, data: new Uint8ClampedArray(16).fill(i) }
      return pictureFromPixels(pixels, file)
    }
    return { file, class: 0, read }
  })
  const pictures = new Pictures(count, () => undefined, { cacheBytes: 0, unreadable: 0 })
  return { reads, items, pictures }
}

describe('pictures that are too large to be kept', () => {
  test('are decoded once for all copies that follow each other, at once or one after the other', async () => {
    const { reads, items, pictures } = large(3)
    const copies = items.flatMap((item) => [item, item, item, item])
    // Batches of six, as photographs have them, end within a picture's copies.
    for (let start = 0; start < copies.length; start += 6)
      await Promise.all(copies.slice(start, start + 6).map((item) => pictures.get(item)))
    expect(reads).toEqual([1, 1, 1])
  })

  test('are decoded again when they are asked for again', async () => {
    const { reads, items, pictures } = large(2)
    for (const item of [...items, ...items]) await pictures.get(item)
    expect(reads).toEqual([2, 2])
  })
})
