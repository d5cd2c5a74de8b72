/** Answers as a table in a file: CSV (RFC 4180) or JSON lines, by the ending of its name. */
import { InvalidArgumentError } from 'commander'
import { saveFile } from '../checkpoint/save.node.ts'

/** One line of the table; the first one's keys are the titles. */
export type Row = Readonly<Record<string, string | number | boolean>>

/** Parses an option that names a table. */
export function rowFile(path: string): string {
  if (/.\.(csv|jsonl)$/i.test(path)) return path
  throw new InvalidArgumentError('It must be called NAME.csv or NAME.jsonl.')
}

/** Writes a table. Throws `ResourceError` where the disk does not take it. */
export async function saveRows(path: string, titles: readonly string[], rows: readonly Row[]): Promise<void> {
  const lines = /\.jsonl$/i.test(path)
    ? rows.map((row) => JSON.stringify(row))
    : [titles, ...rows.map((row) => titles.map((title) => row[title] ?? ''))].map((cells) =>
        cells.map(quoted).join(','),
      )
  await saveFile(path, [new TextEncoder().encode(lines.map((line) => `${line}\n`).join(''))])
}

function quoted(cell: string | number | boolean): string {
  const text = String(cell)
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
