/** What the command writes: JSON or lines on standard output, in colour only where a terminal shows it. */
import { formatTable, type TableColumn, wrapped } from './table.ts'
import { marks, settled, write, writeStyled } from './terminal.ts'

/** One JSON value on standard output: on one line, but with indents where a person reads it. */
export function printJson(value: unknown): void {
  write(process.stdout, `${JSON.stringify(value, null, process.stdout.isTTY ? 2 : 0)}\n`)
}

/** One JSON value on a line of standard output: one of many. */
export function printJsonLine(value: unknown): void {
  write(process.stdout, `${JSON.stringify(value)}\n`)
}

/** Lines on standard output. */
export function printLines(lines: readonly string[]): void {
  const print = inColour() ? writeStyled : write
  print(process.stdout, lines.map((line) => `${line}\n`).join(''))
}

/** Waits until standard output has taken what was printed, or refused it. */
export function printed(): Promise<void> {
  return settled(process.stdout)
}

/** A heading: bold where there are colours. */
export function heading(text: string): string {
  return inColour() ? marks.bold + text + marks.end : text
}

/** What steps back: dim where there are colours. */
export function aside(text: string): string {
  return inColour() ? marks.dim + text + marks.end : text
}

/**
 * Whether standard output takes colours. `NO_COLOR` goes before `FORCE_COLOR`, and both before what the terminal says
 * (no-color.org, force-color.org: any value that is not empty; `FORCE_COLOR=0` is known as a no).
 */
export function inColour(
  { NO_COLOR: off = '', FORCE_COLOR: on = '' }: NodeJS.ProcessEnv = process.env,
  terminal: boolean = process.stdout.isTTY && process.stdout.hasColors(),
): boolean {
  if (off !== '') return false
  if (on === '0' || on === 'false') return false
  return on !== '' || terminal
}

/** Cells of a line of standard output; those of a terminal of old where it is none, so that what is kept reads well anywhere. */
export function lineWidth(): number {
  return process.stdout.isTTY ? Math.max(40, process.stdout.columns) : 80
}

/** Lines of a table that fits a line of standard output. */
export function table(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
): readonly string[] {
  return formatTable(columns, rows, { heading, width: lineWidth() })
}

/** A paragraph in lines that fit standard output; what follows the first line is indented. */
export function paragraph(text: string, indent = ''): readonly string[] {
  return wrapped(text, lineWidth() - indent.length).map((line, index) => (index === 0 ? line : indent + line))
}

/** A message on standard error. */
export function printError(message: string): void {
  write(process.stderr, `resnet: ${message.trimEnd()}\n`)
}

/** What a person should know, on standard error. */
export function tell(note: string): void {
  tellLine(`note: ${note}`)
}

/** A line on standard error. */
export function tellLine(text: string): void {
  write(process.stderr, `${text}\n`)
}
