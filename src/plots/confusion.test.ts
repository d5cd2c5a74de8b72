/** Confusion matrices: counts where rows and columns say, as little ink as many classes allow. */
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { type Confusion, drawConfusion } from './confusion.ts'

const three: Confusion = {
  perClass: ['cat', '<script>', 'cat'].map((label, index) => ({ label, index })),
  confusion: [
    [8, 2, 0],
    [0, 10, 0],
    [1, 0, 99],
  ],
}

/** So many classes, each taken for itself mostly and for some neighbours. */
function many(classes: number): Confusion {
  const numbers = Array.from({ length: classes }, (_, index) => index)
  return {
    perClass: numbers.map((index) => ({ label: `class ${index}`, index })),
    confusion: numbers.map((row) => numbers.map((column) => Math.max(0, 30 - 3 * Math.abs(row - column)))),
  }
}

/** The texts of the counts and where their middles are. */
function counts(svg: string) {
  const groups = svg.matchAll(/<g class="mark-text role-mark (?:note|light)".*?<\/g>/g)
  return [...groups].flatMap(([group]) =>
    [...group.matchAll(/translate\(([\d.]+),([\d.]+)\)"[^>]*>([^<]+)</g)].map(([, x, y, text]) => ({
      column: Math.floor(Number(x) / 56),
      row: Math.floor(Number(y) / 56),
      text,
    })),
  )
}

/** Corners of the drawn cells, in cells of one pixel. */
const corners = (svg: string) =>
  [...svg.matchAll(/M(\d+),(\d+)h1v1h-1Z/g)].map(([, x, y]) => [Number(x), Number(y)])

describe('a confusion matrix', () => {
  test('has the counts at the crossings of truth and answer, and names that may be equal or markup', async () => {
    const svg = await drawConfusion(three)
    expect(counts(svg)).toHaveLength(5)
    expect(counts(svg)).toEqual(
      expect.arrayContaining([
        { row: 0, column: 0, text: '8' },
        { row: 0, column: 1, text: '2' },
        { row: 2, column: 0, text: '1' },
        { row: 2, column: 2, text: '99' },
      ]),
    )
    expect(svg.match(/>cat</g)).toHaveLength(4)
    expect(svg).toContain('>&lt;script&gt;<')
    expect(svg).not.toContain('<script')
  })

  test('shows names that languages know of', async () => {
    const names = ['constructor', 'toString', '__proto__', 'datum', "data('rows')", '\\u0041', '"', '']
    const numbers = [...names.keys()]
    const perClass = names.map((label, index) => ({ label, index }))
    const confusion = numbers.map((row) => numbers.map((column) => Number(row === column)))
    const svg = await drawConfusion({ perClass, confusion })
    for (const name of names.slice(0, 6)) expect(svg.split(`>${name}<`), name).toHaveLength(3)
  })

  test('keeps beginning and end of a long name', async () => {
    const perClass = [1, 2].map((n) => ({ label: `Corn___Cercospora_leaf_spot number ${n}`, index: n - 1 }))
    const svg = await drawConfusion({
      perClass,
      confusion: [
        [1, 0],
        [0, 1],
      ],
    })
    expect(svg).toContain('>Corn___Cerc…t number 1<')
    expect(svg).toContain('>Corn___Cerc…t number 2<')
  })

  test('gathers answers outside the classes of the dataset in a column of their own', async () => {
    const svg = await drawConfusion({
      perClass: [
        { label: 'tench', index: 0 },
        { label: 'goldfish', index: 2 },
      ],
      confusion: [
        [5, 1, 0, 2],
        [0, 0, 6, 0],
      ],
    })
    expect(counts(svg)).toEqual(
      expect.arrayContaining([
        { row: 0, column: 0, text: '5' },
        { row: 0, column: 2, text: '3' },
        { row: 1, column: 1, text: '6' },
      ]),
    )
    expect(svg).toContain('>another<')
  })

  test('leaves out counts for more than 25 classes and names for more than 110', async () => {
    const [forty, more] = [await drawConfusion(many(40)), await drawConfusion(many(120))]
    expect(counts(forty)).toEqual([])
    expect(forty).toContain('>class 39<')
    expect(more).not.toContain('>class 99<')
  })

  test('of a thousand classes is a picture under a megabyte, without cells under 2 %', async () => {
    const { perClass, confusion } = many(1000)
    // Fifty pictures a class and all answers different: no row can have more cells that are drawn.
    const scattered = confusion.map((row, r) => row.map((_, c) => Number((c - r + 1000) % 20 === 0)))
    const svg = await drawConfusion({ perClass, confusion: scattered })
    expect(corners(svg)).toHaveLength(50_000)
    expect(svg.length).toBeLessThan(2 ** 20)
    const faint = scattered.map((row, r) => row.map((count, c) => count + (c === r ? 60 : 0)))
    expect(corners(await drawConfusion({ perClass, confusion: faint }))).toHaveLength(1000)
  })

  test('is a picture that a renderer takes', async () => {
    const { width = 0, height = 0 } = await sharp(Buffer.from(await drawConfusion(three))).metadata()
    expect(width).toBeGreaterThan(3 * 56)
    expect(height).toBeGreaterThan(3 * 56)
  })
})
