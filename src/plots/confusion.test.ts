/** Confusion matrices: counts where rows and columns say, as little ink as many classes allow. */
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import { type Confusion, drawConfusion } from './confusion.ts'

/** What was counted, of a table with a row for each class and a column for each answer. */
function counted(table: readonly (readonly number[])[]): Confusion['confusion'] {
  return table.flatMap((row, truth) =>
    row.flatMap((count, answer) => (count === 0 ? [] : [{ truth, answer, count }])),
  )
}

const three: Confusion = {
  perClass: ['cat', '<script>', 'cat'].map((label, index) => ({ label, index })),
  confusion: counted([
    [8, 2, 0],
    [0, 10, 0],
    [1, 0, 99],
  ]),
}

/** So many classes, each taken for itself mostly and for some neighbours. */
function many(classes: number): Confusion {
  const numbers = Array.from({ length: classes }, (_, index) => index)
  const table = numbers.map((row) => numbers.map((column) => Math.max(0, 30 - 3 * Math.abs(row - column))))
  return { perClass: numbers.map((index) => ({ label: `class ${index}`, index })), confusion: counted(table) }
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
    const confusion = numbers.map((truth) => ({ truth, answer: truth, count: 1 }))
    const svg = await drawConfusion({ perClass, confusion })
    for (const name of names.slice(0, 6)) expect(svg.split(`>${name}<`), name).toHaveLength(3)
  })

  test('keeps beginning and end of a long name', async () => {
    const perClass = [1, 2].map((n) => ({ label: `Corn___Cercospora_leaf_spot number ${n}`, index: n - 1 }))
    const svg = await drawConfusion({
      perClass,
      confusion: counted([
        [1, 0],
        [0, 1],
      ]),
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
      confusion: counted([
        [5, 1, 0, 2],
        [0, 0, 6, 0],
      ]),
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
    const perClass = Array.from({ length: 1000 }, (_, index) => ({ label: `class ${index}`, index }))
    // Fifty pictures a class and all answers different: no row can have more cells that are drawn.
    const scattered = perClass.flatMap(({ index: truth }) =>
      Array.from({ length: 50 }, (_, n) => ({ truth, answer: (truth + 20 * n) % 1000, count: 1 })),
    )
    const svg = await drawConfusion({ perClass, confusion: scattered })
    expect(corners(svg)).toHaveLength(50_000)
    expect(svg.length).toBeLessThan(2 ** 20)
    const faint = scattered.map((cell) => (cell.truth === cell.answer ? { ...cell, count: 61 } : cell))
    expect(corners(await drawConfusion({ perClass, confusion: faint }))).toHaveLength(1000)
  })

  test('of more than a thousand classes shows the hundred that are confused most, with their names', async () => {
    const perClass = Array.from({ length: 2000 }, (_, index) => ({ label: `class ${index}`, index }))
    const confusion = perClass.flatMap(({ index: truth }) => [
      { truth, answer: truth, count: 3 },
      // The later a class, the oftener it is taken for the one before it.
      ...(truth < 1000 ? [] : [{ truth, answer: truth - 1, count: truth }]),
    ])
    const svg = await drawConfusion({ perClass, confusion })
    expect(svg).toContain('the 100 of 2,000 classes that are confused most')
    for (const shown of [1900, 1950, 1999]) expect(svg.split(`>class ${shown}<`)).toHaveLength(3)
    expect(svg).not.toContain('>class 1899<')
    // What the first of them is taken for is none of them.
    expect(svg).toContain('>another<')
    expect(svg.length).toBeLessThan(2 ** 17)
  })

  test('has an answer on the diagonal that is right for each of two classes', async () => {
    const perClass = ['kitten', 'cat'].map((label) => ({ label, index: 5 }))
    const svg = await drawConfusion({
      perClass,
      confusion: [0, 1].map((truth) => ({ truth, answer: 5, count: 7 + truth })),
    })
    expect(counts(svg)).toEqual(
      expect.arrayContaining([
        { row: 0, column: 0, text: '7' },
        { row: 1, column: 1, text: '8' },
      ]),
    )
  })

  test('is a picture that a renderer takes', async () => {
    const { width = 0, height = 0 } = await sharp(Buffer.from(await drawConfusion(three))).metadata()
    expect(width).toBeGreaterThan(3 * 56)
    expect(height).toBeGreaterThan(3 * 56)
  })
})
