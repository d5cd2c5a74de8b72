/** Many pictures on one sheet, so that a person sees at a glance what a network is given. */
import type { Picture } from '../picture.ts'
import { resize } from '../resize.ts'

/** Pixels of a side: smaller pictures are enlarged by a whole factor as far as they stay below, greater ones reduced to it. */
const side = 160
const gap = 4
const white = 255

/** The pictures row by row in cells of one size, on white. */
export function contactSheet(rows: readonly (readonly Picture[])[]): Picture {
  const shown = rows.map((row) => row.map(atSheetSize))
  const cells = shown.flat()
  const cellWidth = gap + Math.max(0, ...cells.map(({ width }) => width))
  const cellHeight = gap + Math.max(0, ...cells.map(({ height }) => height))
  const width = gap + cellWidth * Math.max(0, ...rows.map((row) => row.length))
  const height = gap + cellHeight * rows.length
  const sheet = { width, height, data: new Uint8Array(width * height * 3).fill(white) }
  shown.forEach((row, y) => {
    row.forEach((picture, x) => {
      place(picture, sheet, gap + y * cellHeight, gap + x * cellWidth)
    })
  })
  return sheet
}

function atSheetSize(picture: Picture): Picture {
  const { width, height } = picture
  const longest = Math.max(width, height)
  const factor = longest > side ? side / longest : Math.floor(side / longest)
  const scaled = (size: number) => Math.max(1, Math.round(size * factor))
  return resize(picture, scaled(width), scaled(height), factor < 1 ? 'bilinear' : 'nearest')
}

function place({ data, width, height }: Picture, sheet: Picture, top: number, left: number): void {
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width * 3, (y + 1) * width * 3)
    sheet.data.set(row, ((top + y) * sheet.width + left) * 3)
  }
}
