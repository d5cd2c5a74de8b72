/**
 * A confusion matrix: what pictures of each class (rows) were taken for (columns). A cell is as dark as its share of the row
 * is great; right answers lie on the diagonal and have a colour of their own.
 */
import type { Axis, Mark, Spec } from 'vega'
import { formatCount } from '../analysis/format.ts'
import { svgOf } from './svg.ts'

export interface Confusion {
  /** The classes of the dataset, by row, and their numbers among the model's. */
  readonly perClass: readonly { readonly label: string; readonly index: number }[]
  /** How many pictures of each class (by row) got which of the model's. */
  readonly confusion: readonly { readonly truth: number; readonly answer: number; readonly count: number }[]
}

/** Up to so many classes the counts are written into the cells, and the names beside them. */
const countedClasses = 25
const namedClasses = 110

/** Of more classes those are drawn that are confused most, so many that each has its name. */
const drawnClasses = 1000
const confusedClasses = 100

/** Pixels of the matrix, about, of the largest cell, and of the smallest that a name can stand beside. */
const wantedSide = 480
const greatestCell = 56
const namedCell = 8
const slantedCell = 17

/** Letters of a name at most; what is longer loses its middle, since names often differ at their ends. */
const shownLetters = 22

/**
 * Least shares of the levels of darkness. What lies below the first is too faint to see and left out, so that no row has more
 * than fifty cells, and the matrix of a thousand classes stays small.
 */
const levels = [0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 0.9]

const colours = { right: '#0072b2', wrong: '#d55e00' } as const

interface Cell {
  readonly row: number
  readonly column: number
  readonly count: number
  /** Of the pictures of its row. */
  readonly share: number
}

/** Draws the matrix as an SVG. Answers that are none of the classes drawn share one more column. */
export function drawConfusion(given: Confusion): Promise<string> {
  const classes = given.perClass.length
  if (classes <= drawnClasses) return svgOf(confusionSpec(given, 'truth'))
  const title = `truth: the ${confusedClasses} of ${formatCount(classes)} classes that are confused most`
  return svgOf(confusionSpec(mostConfused(given), title))
}

/** The rows of the classes that are confused most, in their order. */
function mostConfused({ perClass, confusion }: Confusion): Confusion {
  const rowOf = new Map(perClass.map(({ index }, row) => [index, row]))
  const isWrong = ({ truth, answer }: Confusion['confusion'][number]) => perClass[truth]?.index !== answer
  const wrong = confusion.filter(isWrong).toSorted((a, b) => b.count - a.count)
  const confused = wrong.flatMap(({ truth, answer }) => [truth, rowOf.get(answer) ?? truth])
  // Where few are confused, the first others stand beside them.
  const rows = [...new Set([...confused, ...perClass.keys()])].slice(0, confusedClasses).sort((a, b) => a - b)
  const places = new Map(rows.map((row, place) => [row, place]))
  return {
    perClass: rows.flatMap((row) => perClass[row] ?? []),
    confusion: confusion.flatMap(({ truth, ...rest }) => {
      const place = places.get(truth)
      return place === undefined ? [] : [{ truth: place, ...rest }]
    }),
  }
}

function confusionSpec({ perClass, confusion }: Confusion, truthTitle: string): Spec {
  const cells = cellsOf({ perClass, confusion })
  const names = perClass.map(({ label }) => shortened(label.replace(/\p{Cc}+/gu, ' ')))
  const hasOthers = cells.some(({ column }) => column === names.length)
  const columns = hasOthers ? [...names, 'another'] : names
  const isNamed = columns.length <= namedClasses
  const least = isNamed ? namedCell : 1
  const cell = Math.max(least, Math.min(greatestCell, Math.floor(wantedSide / columns.length)))
  const gap = cell > 4 ? 1 : 0
  const [width, height] = [columns.length * cell, names.length * cell]
  const texts = columns.length <= countedClasses ? textsOf(cells, cell) : []
  // A matrix of a thousand classes is wider and shown smaller.
  const titleFontSize = Math.max(12, (12 * width) / wantedSide)
  const nameSize = Math.min(12, cell)
  return {
    description: 'Confusion matrix',
    width,
    height,
    padding: 8,
    background: 'white',
    data: [
      { name: 'columns', values: columns.map((name) => ({ name })) },
      { name: 'rows', values: names.map((name) => ({ name })) },
      { name: 'levels', values: levelsOf(cells, cell - gap, cell) },
      { name: 'note counts', values: texts.filter(({ isLight }) => !isLight) },
      { name: 'light counts', values: texts.filter(({ isLight }) => isLight) },
    ],
    scales: [
      { name: 'x', type: 'band', domain: [...columns.keys()], range: 'width' },
      { name: 'y', type: 'band', domain: [...names.keys()], range: 'height' },
    ],
    axes: [
      {
        ...axisOf('columns', isNamed, nameSize, titleFontSize),
        orient: 'bottom',
        scale: 'x',
        title: 'answer',
        // Slanted names need room between them.
        labelAngle: cell < slantedCell ? -90 : -45,
        labelAlign: 'right',
        labelBaseline: 'middle',
      },
      { ...axisOf('rows', isNamed, nameSize, titleFontSize), orient: 'left', scale: 'y', title: truthTitle },
    ],
    marks: [frameOf(width, height), cellMark, countMark('note', '#333333'), countMark('light', 'white')],
  }
}

/** By code points. */
function shortened(name: string): string {
  const letters = [...name]
  if (letters.length <= shownLetters) return name
  const kept = shownLetters - 1
  return `${letters.slice(0, Math.ceil(kept / 2)).join('')}…${letters.slice(-Math.floor(kept / 2)).join('')}`
}

/** The cells with pictures; the column after the last is for all answers outside the classes drawn. */
function cellsOf({ perClass, confusion }: Confusion): readonly Cell[] {
  const columnOf = new Map(perClass.map(({ index }, column) => [index, column]))
  const images = new Float64Array(perClass.length)
  for (const { truth, count } of confusion) images[truth] = (images[truth] ?? 0) + count
  const cells = new Map<number, { row: number; column: number; count: number }>()
  for (const { truth: row, answer, count } of confusion) {
    // Two classes of a dataset may be one of the model's.
    const column = answer === perClass[row]?.index ? row : (columnOf.get(answer) ?? perClass.length)
    const place = row * (perClass.length + 1) + column
    const cell = cells.get(place) ?? { row, column, count: 0 }
    cell.count += count
    cells.set(place, cell)
  }
  return [...cells.values()].map((cell) => ({ ...cell, share: cell.count / (images[cell.row] ?? 0) }))
}

/** All cells of a colour and a level are one path: a matrix of a thousand classes has tens of thousands. */
function levelsOf(cells: readonly Cell[], side: number, pitch: number) {
  const paths = new Map<string, { fill: string; opacity: number; path: string }>()
  for (const { row, column, share } of cells) {
    const level = levels.findLast((least) => share >= least)
    if (level === undefined) continue
    const fill = row === column ? colours.right : colours.wrong
    const entry = paths.get(`${fill} ${level}`) ?? { fill, opacity: Math.sqrt(level), path: '' }
    entry.path += `M${column * pitch},${row * pitch}h${side}v${side}h-${side}Z`
    paths.set(`${fill} ${level}`, entry)
  }
  return [...paths.values()]
}

/** Counts within their cells; light ones where the cell is dark. */
function textsOf(cells: readonly Cell[], pitch: number) {
  const digits = cells.reduce((most, { count }) => Math.max(most, String(count).length), 1)
  const fontSize = Math.min(13, (0.85 * pitch) / (0.6 * digits))
  return cells.map(({ row, column, count, share }) => ({
    x: (column + 0.5) * pitch,
    y: (row + 0.5) * pitch,
    text: String(count),
    fontSize,
    isLight: share >= (row === column ? 0.35 : 0.7),
  }))
}

/** Names are looked up by number: two classes may be called the same. They are data, since Vega takes text in an expression for names of its own. */
function axisOf(
  data: 'columns' | 'rows',
  isNamed: boolean,
  labelFontSize: number,
  titleFontSize: number,
): Omit<Axis, 'orient' | 'scale'> {
  return {
    domain: false,
    ticks: false,
    labels: isNamed,
    labelLimit: 0,
    labelFontSize,
    labelPadding: 5,
    labelOverlap: false,
    titleFontSize,
    titleFontWeight: 'normal',
    titlePadding: 8,
    encode: {
      labels: { update: { text: { signal: `data('${data}')[datum.value].name` } } },
    },
  }
}

function frameOf(width: number, height: number): Mark {
  return {
    type: 'rect',
    name: 'frame',
    encode: {
      enter: { width: { value: width }, height: { value: height }, stroke: { value: '#cccccc' } },
    },
  }
}

const cellMark: Mark = {
  type: 'path',
  from: { data: 'levels' },
  encode: {
    enter: {
      path: { field: 'path' },
      fill: { field: 'fill' },
      fillOpacity: { field: 'opacity' },
    },
  },
}

/** `name` stands in the SVG as a class, so that a page can give the text a colour of its own. */
function countMark(name: string, fill: string): Mark {
  return {
    type: 'text',
    name,
    from: { data: `${name} counts` },
    encode: {
      enter: {
        x: { field: 'x' },
        y: { field: 'y' },
        text: { field: 'text' },
        align: { value: 'center' },
        baseline: { value: 'middle' },
        fontSize: { field: 'fontSize' },
        fill: { value: fill },
      },
    },
  }
}
