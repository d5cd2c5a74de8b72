/**
 * Datasets as a table: `file,label` on each line (RFC 4180), perhaps with a first line of these words, then also with a
 * column `split`. Files lie beside or below the table: one from elsewhere could otherwise name any file of this machine.
 */
import { readFile, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { CsvError } from 'csv-parse'
import { parse } from 'csv-parse/sync'
import { DatasetError } from '../errors.ts'
import {
  catalogueOfLabels,
  isPicturePath,
  type Labelled,
  type OpenCatalogue,
  shownPath,
  splitNames,
} from './dataset.ts'

const maxTableBytes = 256 * 1024 * 1024
const maxLineLetters = 100_000
const maxLabelLetters = 200

interface Row {
  /** Number of its line in the file, from 1. */
  readonly line: number
  readonly fields: readonly string[]
}

interface Columns {
  readonly file: number
  readonly label: number
  readonly split: number | undefined
}

/**
 * Opens a table of pictures; `readPicture` gives the bytes of a path.
 *
 * @throws DatasetError naming the line that is wrong.
 */
export async function openCsv(
  path: string,
  readPicture: (path: string) => Promise<Uint8Array>,
): Promise<OpenCatalogue> {
  const { size } = await stat(path)
  if (size > maxTableBytes)
    throw new DatasetError(`${path}: ${size} bytes are more than a table of pictures may have`)
  const rows = parseRows(path, await readFile(path, 'utf8'))
  const header = columnsOf(rows[0]?.fields ?? [])
  const columns = header ?? { file: 0, label: 1, split: undefined }
  const lines = header === undefined ? rows : rows.slice(1)
  if (lines.length === 0)
    throw new DatasetError(`${path}: the table names no pictures; expected file,label on each line`)
  const seen = new Map<string, number>()
  const pictures = lines.map((row): Labelled => {
    const fail = (why: string) => new DatasetError(`${path}: line ${row.line}: ${why}`)
    if (header === undefined && row.fields.length !== 2)
      throw fail(
        `${row.fields.length} columns; expected file,label (or a first line that names the columns, as in file,label,split)`,
      )
    const file = fileOf(row, columns, fail)
    const before = seen.get(file)
    if (before !== undefined) throw fail(`${shownPath(file)} is listed already, on line ${before}`)
    seen.set(file, row.line)
    const full = join(dirname(path), file)
    const read = async () => ({ file, bytes: await readPicture(full) })
    return { file, label: labelOf(row, columns, fail), split: splitOf(row, columns, fail), read }
  })
  return { ...catalogueOfLabels(basename(path), pictures), close: async () => undefined }
}

function parseRows(path: string, text: string): readonly Row[] {
  const rows: Row[] = []
  try {
    parse(text, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      max_record_size: maxLineLetters,
      on_record: (fields: string[], { lines }) => {
        rows.push({ line: lines, fields })
        return null
      },
    })
    return rows
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new DatasetError(`${path}: no table of file,label (${shownPath(error.message)})`, { cause: error })
  }
}

/** The columns that the first line names, or `undefined` where it names none. */
function columnsOf(fields: readonly string[]): Columns | undefined {
  const at = (name: string) => fields.findIndex((field) => field.toLowerCase() === name)
  const [file, label, split] = [at('file'), at('label'), at('split')]
  return file < 0 || label < 0 ? undefined : { file, label, split: split < 0 ? undefined : split }
}

type Fail = (why: string) => DatasetError

/** The picture's path, with `/` between its parts. */
function fileOf({ fields }: Row, columns: Columns, fail: Fail): string {
  const named = fields[columns.file] ?? ''
  const file = named.replaceAll('\\', '/').replace(/^(\.\/)+/, '')
  if (/^(\/|[A-Za-z]:)/.test(file) || file.split('/').includes('..')) {
    throw fail(
      `${shownPath(named)} is not beside or below the table; put the table above its pictures and name them from there`,
    )
  }
  if (!isPicturePath(file))
    throw fail(`"${shownPath(named)}" is no picture (.jpg, .png, .webp); expected file,label`)
  return file
}

function labelOf({ fields }: Row, { label }: Columns, fail: Fail): string {
  const text = fields[label] ?? ''
  if (text === '') throw fail('its label is empty; expected file,label')
  if (text.length > maxLabelLetters || /\p{Cc}/u.test(text))
    throw fail(
      `its label is no name (${shownPath(text)}); expected one line of up to ${maxLabelLetters} letters`,
    )
  return text
}

function splitOf({ fields }: Row, { split }: Columns, fail: Fail): string | undefined {
  if (split === undefined) return undefined
  const text = fields[split] ?? ''
  if (splitNames.includes(text)) return text
  throw fail(`its split is "${shownPath(text)}"; expected one of ${splitNames.join(', ')}`)
}
