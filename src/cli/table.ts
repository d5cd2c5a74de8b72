/** Tables whose columns line up, whatever script their words are written in. */
import { unmarked, writtenInLine } from './terminal.ts'

export interface TableColumn {
  readonly title: string
  readonly align: 'left' | 'right'
  /** Whether its cells may be broken between words where a line gets too long. */
  readonly wraps?: true
}

/** Columns by their titles: words to the left, numbers to the right, texts that may be broken between words. */
export const left = (title: string): TableColumn => ({ title, align: 'left' })
export const right = (title: string): TableColumn => ({ title, align: 'right' })
export const wrapping = (title: string): TableColumn => ({ title, align: 'left', wraps: true })

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
/** East Asian wide and fullwidth ranges (Unicode annex 11), and emoji. */
const wide =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]|[\u{20000}-\u{3fffd}])/u
const invisible = /^[\p{Mark}\p{Format}]+$/u

/** Cells that a text takes in a terminal. */
export function displayWidth(text: string): number {
  const plain = unmarked(text)
  if (/^[\x20-\x7e]*$/.test(plain)) return plain.length
  let width = 0
  for (const { segment } of graphemes.segment(plain)) {
    if (!invisible.test(segment)) width += wide.test(segment) ? 2 : 1
  }
  return width
}

/** A text cut to a number of cells, with an ellipsis where something is missing. */
export function cutTo(text: string, cells: number): string {
  if (displayWidth(text) <= cells) return text
  let kept = ''
  for (const { segment } of graphemes.segment(text)) {
    if (displayWidth(kept + segment) > cells - 1) break
    kept += segment
  }
  return `${kept.trimEnd()}…`
}

export interface TableOptions {
  /** Decorates the line of titles. */
  readonly heading?: (line: string) => string
  /** Cells that a line may take; columns that wrap are narrowed to fit. */
  readonly width?: number
}

/** Lines of a table with two spaces between its columns. */
export function formatTable(
  columns: readonly TableColumn[],
  given: readonly (readonly string[])[],
  { heading = (line) => line, width = Number.POSITIVE_INFINITY }: TableOptions = {},
): readonly string[] {
  const rows = given.map((row) => row.map(writtenInLine))
  const titles = columns.map(({ title }) => title)
  const widths = fitted(
    columns,
    columns.map((_, index) => Math.max(...[titles, ...rows].map((row) => displayWidth(row[index] ?? '')))),
    width,
  )
  const format = (row: readonly string[]) =>
    columns
      .map(({ align }, index) => {
        const cell = row[index] ?? ''
        const space = ' '.repeat(Math.max(0, (widths[index] ?? 0) - displayWidth(cell)))
        return align === 'left' ? cell + space : space + cell
      })
      .join('  ')
      .trimEnd()
  const body = rows.flatMap((row) =>
    linesOf(row.map((cell, i) => (columns[i]?.wraps ? wrapped(cell, widths[i] ?? 0) : [cell]))).map(format),
  )
  return titles.every((title) => title === '') ? body : [heading(format(titles)), ...body]
}

const narrowest = 10

/** The widths where the columns that wrap, the widest first, give up what a line has too much. */
function fitted(
  columns: readonly TableColumn[],
  natural: readonly number[],
  width: number,
): readonly number[] {
  const widths = [...natural]
  const total = () => widths.reduce((sum, cells) => sum + cells, 0) + 2 * (widths.length - 1)
  while (total() > width) {
    const candidates = widths.map((cells, i) => (columns[i]?.wraps && cells > narrowest ? cells : 0))
    const widest = Math.max(...candidates)
    if (widest === 0) break
    const place = candidates.indexOf(widest)
    widths[place] = widest - 1
  }
  return widths
}

/** A row whose cells have several lines, line by line. */
function linesOf(cells: readonly (readonly string[])[]): readonly (readonly string[])[] {
  const height = Math.max(...cells.map((lines) => lines.length))
  return Array.from({ length: height }, (_, line) => cells.map((lines) => lines[line] ?? ''))
}

/** A text broken between words into lines of so many cells; a word that is longer is broken itself. */
export function wrapped(text: string, cells: number): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (displayWidth(longer) <= cells) {
      line = longer
      continue
    }
    if (line !== '') lines.push(line)
    line = word
    while (displayWidth(line) > cells && cells > 0) {
      const head = headOf(line, cells)
      lines.push(head)
      line = line.slice(head.length)
    }
  }
  return [...lines, line]
}

/** The longest beginning of a word that takes so many cells, one character at least. */
function headOf(word: string, cells: number): string {
  let head = ''
  for (const { segment } of graphemes.segment(word)) {
    if (head !== '' && displayWidth(head + segment) > cells) break
    head += segment
  }
  return head
}
