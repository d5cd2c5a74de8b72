/**
 * Progress on standard error, with rate and time left, for what takes longer than two seconds: one line that renews itself
 * on a terminal, now and then a plain line elsewhere.
 */
import { formatBytes, formatCount, formatDuration } from '../analysis/format.ts'
import { StatusLine } from './status-line.ts'

export interface ProgressOptions {
  /** What is going on, for instance `classifying`. */
  readonly task: string
  /** What is counted. */
  readonly unit: 'images' | 'bytes' | 'runs'
}

export class Progress {
  readonly #options: ProgressOptions
  readonly #start = performance.now()
  readonly #status = new StatusLine()

  constructor(options: ProgressOptions) {
    this.#options = options
  }

  /** Tells how far the work is; `total` is left out where nobody knows, `before` is what was done before this run. */
  update(done: number, total?: number, before = 0): void {
    if (done === total) return
    const rate = () => ((done - before) * 1000) / (performance.now() - this.#start)
    this.#status.update(() => this.#line(done, total, rate()))
  }

  /** Clears the line. */
  end(): void {
    this.#status.clear()
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
