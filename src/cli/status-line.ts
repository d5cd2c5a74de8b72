/** One line on standard error that renews itself on a terminal; elsewhere a plain line now and then. */

import { clearLine, write } from './terminal.ts'

const terminalMs = 200
const plainMs = 10_000

export class StatusLine {
  readonly #terminal = process.stderr.isTTY === true
  #next: number
  #shown = false

  /** `quietMs`: nothing is shown before that. */
  constructor(quietMs = 2000) {
    this.#next = performance.now() + quietMs
  }

  /** Shows what `line` answers, unless something was shown just now. */
  update(line: () => string): void {
    const now = performance.now()
    if (now < this.#next) return
    this.#next = now + (this.#terminal ? terminalMs : plainMs)
    this.#shown = true
    if (this.#terminal) clearLine(process.stderr)
    write(process.stderr, this.#terminal ? line() : `${line()}\n`)
  }

  clear(): void {
    if (this.#shown && this.#terminal) clearLine(process.stderr)
  }
}
