/**
 * Progress on standard error, with rate and time left, for what takes longer than two seconds: one line that renews itself
 * on a terminal, now and then a plain line elsewhere.
 */
import { formatBytes, formatCount, formatDuration } from './format.ts'

export interface ProgressOptions {
  /** What is going on, for instance `classifying`. */
  readonly task: string
  /** What is counted. */
  readonly unit: 'images' | 'bytes' | 'runs'
}

const quietMs = 2000
const plainMs = 10_000
const terminalMs = 200

export class Progress {
  readonly #options: ProgressOptions
  readonly #start = performance.now()
  readonly #terminal = process.stderr.isTTY === true
  #next = this.#start + quietMs
  #shown = false

  constructor(options: ProgressOptions) {
    this.#options = options
  }

  /** Tells how far the work is; `total` is left out where nobody knows, `before` is what was done before this run. */
  update(done: number, total?: number, before = 0): void {
    const now = performance.now()
    if (now < this.#next || done === total) return
    this.#next = now + (this.#terminal ? terminalMs : plainMs)
    this.#shown = true
    const line = this.#line(done, total, ((done - before) * 1000) / (now - this.#start))
    process.stderr.write(this.#terminal ? `\r\u001b[K${line}` : `${line}\n`)
  }

  /** Clears the line. */
  end(): void {
    if (this.#shown && this.#terminal) process.stderr.write('\r\u001b[K')
  }

  #line(done: number, total: number | undefined, rate: number): string {
    const { task, unit } = this.#options
    const format = unit === 'bytes' ? formatBytes : formatCount
    const speed = unit === 'bytes' ? `${formatBytes(rate)}/s` : `${rate.toFixed(rate < 10 ? 1 : 0)} ${unit}/s`
    if (total === undefined) return `${task}: ${format(done)}, ${speed}`
    const left = rate > 0 ? `, ${formatDuration((total - done) / rate)} left` : ''
    return (
      `${task}: ${format(done)} of ${format(total)} ${unit === 'bytes' ? '' : unit}`.trimEnd() +
      `, ${speed}${left}`
    )
  }
}
