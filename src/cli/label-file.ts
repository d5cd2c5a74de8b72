/** `--labels FILE`: what the classes of a model are called, from a list, a table or JSON. */
import { readFile } from 'node:fs/promises'
import { namesIn, namesInLines } from '../checkpoint/class-names.ts'
import { parseJson, plainJson } from '../checkpoint/formats/json.ts'
import { ArgumentError, CheckpointError, systemCode } from '../errors.ts'

const forms =
  'a name on each line, a JSON list, a JSON object of numbers and names, or a CSV table of index,name'

/** The names in order. Throws `ArgumentError` for a file that cannot be read as names. */
export async function readLabels(file: string): Promise<readonly string[]> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new ArgumentError(`${file}: cannot be read (${systemCode(error) ?? 'unknown error'})`, {
      cause: error,
    })
  })
  const names = await namesOf(file, bytes)
  if (names !== undefined) return names
  throw new ArgumentError(`${file}: holds no names of classes; give ${forms}`)
}

async function namesOf(file: string, bytes: Uint8Array): Promise<readonly string[] | undefined> {
  const text = new TextDecoder().decode(bytes)
  if (/^\uFEFF?\s*[[{]/.test(text)) return namesInJson(file, bytes)
  return /\.(csv|tsv)$/i.test(file) ? namesInTable(file, text) : namesInLines(text)
}

function namesInJson(file: string, bytes: Uint8Array): readonly string[] | undefined {
  try {
    return namesIn(plainJson(parseJson(bytes, file)))
  } catch (error) {
    if (error instanceof CheckpointError) throw new ArgumentError(error.message, { cause: error })
    throw error
  }
}

const indexTitles = /^(index|idx|id|number|class_?id|class_?index|label_?id)$/i
const nameTitles = /^(names?|labels?|class|classes|class_?name|label_?name|category)$/i

/** A table of one column of names, or of numbers and names, in any order; perhaps with a first line that says which. */
async function namesInTable(file: string, text: string): Promise<readonly string[] | undefined> {
  const { parse } = await import('csv-parse/sync')
  let rows: readonly (readonly string[])[]
  try {
    rows = parse(text, {
      bom: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
      delimiter: /\.tsv$/i.test(file) ? '\t' : ',',
    })
  } catch (error) {
    throw new ArgumentError(
      `${file}: is no table (${error instanceof Error ? error.message : 'malformed'})`,
      {
        cause: error,
      },
    )
  }
  const [first = []] = rows
  const titled = first.some((title) => indexTitles.test(title) || nameTitles.test(title))
  const name = titled ? first.findIndex((title) => nameTitles.test(title)) : first.length > 1 ? 1 : 0
  const index = titled ? first.findIndex((title) => indexTitles.test(title)) : first.length > 1 ? 0 : -1
  if (name < 0) return undefined
  const body = titled ? rows.slice(1) : rows
  if (index < 0) return namesIn(body.map((row) => row[name] ?? ''))
  const numbered = new Map(body.map((row) => [row[index] ?? '', row[name] ?? '']))
  return numbered.size === body.length ? namesIn(numbered) : undefined
}
