/**
 * Datasets as a table: a line for each picture, its file and its class (RFC 4180), perhaps with titles, then also with the
 * part that it is in. Files are named from the table's own folder, or by whole paths.
 */
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, dirname, isAbsolute, join } from 'node:path'
import { CsvError } from 'csv-parse'
import { parse } from 'csv-parse/sync'
import { DatasetError, systemCode } from '../errors.ts'
import { sharedPath } from '../shell.ts'
import { columnNotes, columnsOf, separatorOf } from './csv-columns.ts'
import {
  catalogueOfLabels,
  type DatasetFile,
  type Labelled,
  type OpenCatalogue,
  pictureOf,
  shownPath,
} from './dataset.ts'
import { diskFile } from './folder.node.ts'
import { Counter, passedOverText } from './passed-over.ts'
import { sortFiles } from './sorted-files.ts'
import { type Split, splitNamed, splitWords } from './splits.ts'

const maxTableBytes = 256 * 1024 * 1024
const maxLineLetters = 100_000
const maxLabelLetters = 200

interface Line {
  /** Its number in the file, from 1. */
  readonly line: number
  readonly fields: readonly string[]
}

/** A line that was understood. */
interface Row {
  readonly line: number
  readonly file: string
  readonly label: string
  readonly split: Split | undefined
}

/**
 * Opens a table of pictures.
 *
 * @throws DatasetError naming the line that is wrong.
 */
export async function openCsv(path: string): Promise<OpenCatalogue> {
  const { size } = await stat(path)
  if (size > maxTableBytes)
    throw new DatasetError(`${path}: ${size} bytes are more than a table of pictures may have`)
  const passedOver = new Counter()
  const { text, notes } = textOf(await readFile(path))
  const rows = rowsOf(path, text, { passedOver, notes })
  const files = await filesOf(path, rows, { passedOver, notes })
  const { pictures } = await sortFiles([...files.keys()], passedOver, () => false)
  if (pictures.length === 0) throw await nothingFound(path, rows, passedOver)
  const labelled = pictures.flatMap((file): Labelled[] => {
    const row = files.get(file)
    if (row === undefined) return []
    return [{ file: row.file, label: row.label, split: row.split, read: pictureOf(file) }]
  })
  const kept = new Set(labelled.map(({ label }) => label))
  // A class of which no picture is left stays among the classes: it is said, or ends a training.
  const lost = new Map(rows.filter(({ label }) => !kept.has(label)).map((row) => [row.label, row]))
  const lacking = [...lost.values()].map(({ label, split, line }) => ({
    label,
    split,
    place: `line ${line}`,
    why: 'none of its pictures can be read',
  }))
  const catalogue = catalogueOfLabels(basename(path), labelled, lacking)
  return {
    ...catalogue,
    passedOver: passedOver.list(),
    notes: [...notes, ...catalogue.notes],
    close: async () => undefined,
  }
}

/** The table's text; Excel writes UTF-16 and, for older programs, Windows-1252. */
function textOf(bytes: Uint8Array): { readonly text: string; readonly notes: string[] } {
  const decoded = (encoding: string, fatal = false) => new TextDecoder(encoding, { fatal }).decode(bytes)
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return { text: decoded('utf-16le'), notes: [] }
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return { text: decoded('utf-16be'), notes: [] }
  try {
    return { text: decoded('utf-8', true), notes: [] }
  } catch {
    return { text: decoded('windows-1252'), notes: ['the table is no UTF-8; it is read as Windows-1252'] }
  }
}

interface Told {
  readonly passedOver: Counter
  readonly notes: string[]
}

function rowsOf(path: string, text: string, { passedOver, notes }: Told): readonly Row[] {
  const separator = separatorOf(text)
  const lines = linesOf(path, text, separator)
  if (separator !== ',')
    notes.push(`the table's columns are separated by ${separator === '\t' ? 'tabs' : `"${separator}"`}`)
  const [first] = lines
  const header = columnsOf(first?.fields ?? [])
  if (first !== undefined && header !== undefined) notes.push(...columnNotes(first.fields, header))
  const columns = header ?? { file: 0, label: 1, split: undefined }
  const rows = header === undefined ? lines : lines.slice(1)
  if (rows.length === 0)
    throw new DatasetError(`${path}: the table names no pictures; expected file,label on each line`)
  const seen = new Map<string, Row>()
  for (const { line, fields } of rows) {
    const fail = (why: string) => new DatasetError(`${path}: line ${line}: ${why}`)
    if (header === undefined && fields.length !== 2) throw fail(columnsText(fields))
    const file = (fields[columns.file] ?? '').replaceAll('\\', '/').replace(/^(\.\/)+/, '')
    if (file === '') throw fail('it names no picture; expected file,label')
    const label = labelOf(fields[columns.label] ?? '', fail)
    const split = columns.split === undefined ? undefined : splitOf(fields[columns.split] ?? '', fail)
    const before = seen.get(file)
    if (before === undefined) seen.set(file, { line, file, label, split })
    else if (before.label === label && before.split === split)
      passedOver.add(
        'line that names a picture again',
        'lines that name a picture again',
        `line ${line}: ${sharedPath(file)}`,
      )
    else
      throw fail(
        `${shownPath(file)} is listed already, on line ${before.line}, with another ${before.label === label ? 'split' : 'class'}; a picture has one`,
      )
  }
  return [...seen.values()]
}

function columnsText(fields: readonly string[]): string {
  const titles = fields.slice(0, 6).map((field) => `"${shownPath(field).slice(0, 40)}"`)
  return `${fields.length} ${fields.length === 1 ? 'column' : 'columns'} (${titles.join(', ')}); expected file,label, or a first line with titles such as file or image_path, label or class, and split`
}

function linesOf(path: string, text: string, delimiter: string): readonly Line[] {
  const lines: Line[] = []
  try {
    parse(text, {
      bom: true,
      delimiter,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      max_record_size: maxLineLetters,
      on_record: (fields: string[], info) => {
        lines.push({ line: info.lines, fields })
        return null
      },
    })
    return lines
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new DatasetError(`${path}: no table of file,label (${shownPath(error.message)})`, { cause: error })
  }
}

type Fail = (why: string) => DatasetError

function labelOf(text: string, fail: Fail): string {
  if (text === '') throw fail('its label is empty; expected file,label')
  if (text.length > maxLabelLetters || /\p{Cc}/u.test(text))
    throw fail(
      `its label is no name (${shownPath(text)}); expected one line of up to ${maxLabelLetters} letters`,
    )
  return text
}

function splitOf(text: string, fail: Fail): Split {
  const split = splitNamed(text)
  if (split !== undefined) return split
  throw fail(`its split is "${shownPath(text)}"; expected ${splitWords}`)
}

/** The files that the rows name and that there are; those that are not are counted. */
async function filesOf(
  path: string,
  rows: readonly Row[],
  { passedOver, notes }: Told,
): Promise<ReadonlyMap<DatasetFile, Row>> {
  const files = new Map<DatasetFile, Row>()
  const folders = new Folders()
  let outside = 0
  let completed = 0
  for (const row of rows) {
    const named = isAbsolute(row.file) ? row.file : join(dirname(path), row.file)
    const real = (await isFile(named)) ? named : await folders.withEnding(named)
    if (real === undefined) {
      passedOver.add('missing file', 'missing files', `line ${row.line}: ${sharedPath(row.file)}`)
      continue
    }
    if (real !== named) completed++
    if (isAbsolute(row.file) || row.file.split('/').includes('..')) outside++
    files.set(diskFile(row.file, real), row)
  }
  if (completed > 0)
    notes.push(
      `${completed} ${completed === 1 ? 'picture is' : 'pictures are'} named without ending, and found with one`,
    )
  if (outside > 0)
    notes.push(
      `${outside} ${outside === 1 ? 'picture is' : 'pictures are'} named by whole paths or outside the table's folder`,
    )
  return files
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}

/** Files by their names without endings, folder by folder. */
class Folders {
  readonly #folders = new Map<string, ReadonlyMap<string, readonly string[]>>()

  /** The one file of that name with an ending; undefined where there is none, or more than one. */
  async withEnding(path: string): Promise<string | undefined> {
    const folder = dirname(path)
    const names = this.#folders.get(folder) ?? (await this.#read(folder))
    this.#folders.set(folder, names)
    const found = names.get(basename(path)) ?? []
    return found.length === 1 ? join(folder, found[0] ?? '') : undefined
  }

  async #read(folder: string): Promise<ReadonlyMap<string, readonly string[]>> {
    const names = new Map<string, string[]>()
    const entries = await readdir(folder).catch((error: unknown) => {
      if (systemCode(error) === undefined) throw error
      return []
    })
    for (const name of entries) {
      const stem = name.replace(/\.[^.]*$/, '')
      if (stem !== name && stem !== '') names.set(stem, [...(names.get(stem) ?? []), name])
    }
    return names
  }
}

/** Says where the files are, where that can be seen. */
async function nothingFound(path: string, rows: readonly Row[], passedOver: Counter): Promise<DatasetError> {
  const [first] = rows
  const name = first?.file ?? ''
  const folder = dirname(path)
  const folders = await readdir(folder, { withFileTypes: true })
  for (const entry of folders.filter((one) => one.isDirectory())) {
    if (!(await isFile(join(folder, entry.name, name)))) continue
    return new DatasetError(
      `${path}: ${shownPath(name)} (line ${first?.line}) lies in ${entry.name}/; move the table there, or name ${entry.name}/${shownPath(name)}`,
    )
  }
  return new DatasetError(
    `${path}: none of its ${rows.length} pictures can be read: ${passedOverText(passedOver.list())}; they are named from the table's folder`,
  )
}
