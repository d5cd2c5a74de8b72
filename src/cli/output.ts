/** What the command writes: JSON or lines on standard output, in colour only where a terminal shows it. */
import { styleText } from 'node:util'

/** One JSON value on standard output: on one line, but with indents where a person reads it. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, process.stdout.isTTY ? 2 : 0)}\n`)
}

/** Lines on standard output. */
export function printLines(lines: readonly string[]): void {
  process.stdout.write(lines.map((line) => `${line}\n`).join(''))
}

/** A heading: bold on a terminal with colours, unless `NO_COLOR` is set. */
export function heading(text: string): string {
  return inColour() ? styleText('bold', text) : text
}

/** What steps back: dim on such a terminal. */
export function aside(text: string): string {
  return inColour() ? styleText('dim', text) : text
}

function inColour(): boolean {
  const { NO_COLOR: off } = process.env
  return process.stdout.isTTY && (off === undefined || off === '') && process.stdout.hasColors()
}

/** Columns of the terminal, or `undefined` where there is none. */
export function terminalColumns(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns : undefined
}

/** A message on standard error, without control characters that a file's name may hold. */
export function printError(message: string): void {
  const lines = message.split('\n').map((line) => line.replace(/\p{Cc}+/gu, ' ').trimEnd())
  process.stderr.write(`resnet: ${lines.join('\n')}\n`)
}
