/**
 * How long a sender is waited for: it must begin to answer within the patience, and then bring a least number of bytes in
 * every such span. A sender that drips is given up as one that is silent.
 */

/** Slower than any network that would end a download of megabytes in a person's lifetime. */
const leastBytesPerSecond = 1000

export class Patience {
  readonly #ms: number
  readonly #timer: NodeJS.Timeout
  #began = false
  #bytes = 0
  #isOver = false

  /** `stop` is called once, when the patience is over. */
  constructor(ms: number, stop: () => void) {
    this.#ms = ms
    this.#timer = setInterval(() => {
      if (this.#began && this.#bytes >= this.leastBytes) {
        this.#bytes = 0
        return
      }
      this.#isOver = true
      this.end()
      stop()
    }, ms)
  }

  /** Bytes that have to come in each span. */
  get leastBytes(): number {
    return Math.ceil((leastBytesPerSecond * this.#ms) / 1000)
  }

  /** Whether the sender was given up. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** For messages: `did not answer within 20 s`, or `sends less than 1000 bytes a second`. */
  get reason(): string {
    return this.#began
      ? `sends less than ${leastBytesPerSecond} bytes a second`
      : `did not answer within ${Math.round(this.#ms / 100) / 10} s`
  }

  /** The head of the answer is there. */
  begin(): void {
    this.#began = true
    this.#timer.refresh()
  }

  received(bytes: number): void {
    this.#bytes += bytes
  }

  end(): void {
    clearInterval(this.#timer)
  }
}
