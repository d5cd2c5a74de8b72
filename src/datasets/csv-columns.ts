/** Which columns of a table name pictures, classes and parts, by the titles that people give them. */
import { shownPath } from './dataset.ts'

export interface Columns {
  readonly file: number
  readonly label: number
  readonly split: number | undefined
}

/** Titles without case, spaces and marks; the earlier one counts where a table has two of them. */
const titles = {
  file: [
    ...['file', 'files', 'filename', 'filenames', 'filepath', 'filepaths', 'fname', 'path', 'paths'],
    ...[
      'imagepath',
      'imagepaths',
      'imagefile',
      'imagefilename',
      'imagename',
      'image',
      'images',
      'imgpath',
      'imgfile',
    ],
    ...['imgname', 'img', 'picture', 'pictures', 'photo', 'photos', 'imageid', 'imgid', 'id', 'name'],
  ],
  label: [
    ...[
      'label',
      'labels',
      'class',
      'classes',
      'classname',
      'labelname',
      'category',
      'categoryname',
      'target',
    ],
    ...['species', 'breed', 'variety', 'diagnosis', 'y', 'classid', 'labelid', 'categoryid'],
  ],
  split: ['split', 'splits', 'subset', 'partition', 'part', 'dataset', 'set', 'datasplit', 'phase'],
} as const

/** The columns that the first line names, or `undefined` where it names none of both pictures and classes. */
export function columnsOf(fields: readonly string[]): Columns | undefined {
  const plain = fields.map((field) => field.toLowerCase().replace(/[\s_.-]+/g, ''))
  const at = (names: readonly string[], taken: readonly number[]) => {
    const name = names.find((candidate) =>
      plain.some((title, i) => title === candidate && !taken.includes(i)),
    )
    return name === undefined ? -1 : plain.indexOf(name)
  }
  const file = at(titles.file, [])
  const label = at(titles.label, [file])
  if (file < 0 || label < 0) return undefined
  const split = at(titles.split, [file, label])
  return { file, label, split: split < 0 ? undefined : split }
}

/** What was taken for what, where the titles are not those that the documentation names. */
export function columnNotes(fields: readonly string[], { file, label, split }: Columns): readonly string[] {
  const isPlain = fields[file] === 'file' && fields[label] === 'label'
  if (isPlain && fields.length === (split === undefined ? 2 : 3)) return []
  const title = (column: number) => `"${shownPath(fields[column] ?? '')}"`
  const others = fields.length - (split === undefined ? 2 : 3)
  const parts = split === undefined ? '' : `, ${title(split)} their parts`
  return [
    `of the table's columns ${title(file)} names the pictures, ${title(label)} their classes${parts}${
      others === 0 ? '' : `; ${others} other ${others === 1 ? 'column is' : 'columns are'} left aside`
    }`,
  ]
}

const separators = [',', ';', '\t', '|'] as const

/** The separator that the first line has most of, quoted texts apart; a comma where there is none. */
export function separatorOf(text: string): (typeof separators)[number] {
  const line = (text.split(/\r\n|\n|\r/).find((one) => one.trim() !== '') ?? '')
    .slice(0, 100_000)
    .replace(/"[^"]*"/g, '')
  const count = (separator: string) => line.split(separator).length - 1
  return separators.reduce((best, separator) => (count(separator) > count(best) ? separator : best), ',')
}
