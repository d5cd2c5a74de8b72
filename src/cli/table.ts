/** Tables whose columns line up, whatever script their words are written in. */
import { stripVTControlCharacters } from 'node:util'

export interface TableColumn {
  readonly title: string
  readonly align: 'left' | 'right'
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
/** East Asian wide and fullwidth ranges (Unicode annex 11), and emoji. */
const wide =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1faff}]|[\u{20000}-\u{3fffd}])/u
const invisible = /^[\p{Mark}\p{Format}]+$/u

/** Cells that a text takes in a terminal. */
export function displayWidth(text: string): number {
  const plain = stripVTControlCharacters(text)
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

/** Lines of a table with two spaces between its columns; `heading` decorates the line of titles. */
export function formatTable(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  heading: (line: string) => string = (line) => line,
): readonly string[] {
  const titles = columns.map(({ title }) => title)
  const widths = columns.map((_, index) =>
    Math.max(...[titles, ...rows].map((row) => displayWidth(row[index] ?? ''))),
  )
  const format = (row: readonly string[]) =>
    columns
      .map(({ align }, index) => {
        const cell = row[index] ?? ''
        const space = ' '.repeat((widths[index] ?? 0) - displayWidth(cell))
        return align === 'left' ? cell + space : space + cell
      })
      .join('  ')
      .trimEnd()
  const body = rows.map(format)
  return titles.every((title) => title === '') ? body : [heading(format(titles)), ...body]
}
