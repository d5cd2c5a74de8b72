/** How fast a run is: images a second over its last steps. */

/** Steps that count: enough that one slow step does not show, few enough that a change does. */
const remembered = 20

const leastSeconds = 1e-4

export class Speed {
  #mark = performance.now()
  #steps: { readonly images: number; readonly seconds: number }[] = []

  /** Starts the clock anew, after something that is not training. */
  restart(): void {
    this.#mark = performance.now()
  }

  /** A step of so many images has ended; answers its seconds, with the wait for its pictures. */
  add(images: number): number {
    const now = performance.now()
    // A page's clock may stand still between two steps; a rate must stay a number that JSON can hold.
    const seconds = Math.max(leastSeconds, (now - this.#mark) / 1000)
    this.#mark = now
    this.#steps = [...this.#steps.slice(1 - remembered), { images, seconds }]
    return seconds
  }

  get imagesPerSecond(): number {
    const images = this.#steps.reduce((sum, step) => sum + step.images, 0)
    return images / this.#steps.reduce((sum, step) => sum + step.seconds, 0)
  }
}
