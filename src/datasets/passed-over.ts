/** What lies in a dataset and is not taken, counted by kind: nothing is left out without a word. */
import { type PassedOver, shownPath } from './dataset.ts'

interface Kind {
  readonly one: string
  readonly many: string
  readonly advice: string | undefined
  readonly example: string
  count: number
}

export class Counter {
  readonly #kinds = new Map<string, Kind>()

  add(one: string, many: string, example: string, advice?: string): void {
    const kind = this.#kinds.get(many) ?? { one, many, advice, example, count: 0 }
    kind.count++
    this.#kinds.set(many, kind)
  }

  /** Those of most files first. */
  list(): readonly PassedOver[] {
    return [...this.#kinds.values()]
      .sort((a, b) => b.count - a.count)
      .map(({ one, many, advice, example, count }) => ({
        what: count === 1 ? one : many,
        count,
        example,
        ...(advice === undefined ? {} : { advice }),
      }))
  }
}

/** For people: `12 HEIC pictures (as cat/a.heic), 1 empty file (cat/b.jpg)`, and what to do about them. */
export function passedOverText(passedOver: readonly PassedOver[]): string {
  const counted = passedOver.map(
    ({ what, count, example }) => `${count} ${what} (${count > 1 ? 'as ' : ''}${shownPath(example)})`,
  )
  const advised = passedOver.flatMap(({ what, advice }) =>
    advice === undefined ? [] : [`; ${what}: ${advice}`],
  )
  return `${counted.join(', ')}${advised.join('')}`
}

/** The same as a note, where there is anything to tell. */
export function passedOverNotes(passedOver: readonly PassedOver[]): readonly string[] {
  return passedOver.length === 0 ? [] : [`passed over: ${passedOverText(passedOver)}`]
}

/** `12 HEIC pictures, 3 empty files`, with nothing else. */
export function countsText(passedOver: readonly PassedOver[]): string {
  return passedOver.map(({ what, count }) => `${count} ${what}`).join(', ')
}
