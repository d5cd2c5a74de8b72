/** What lies in a dataset and is not taken, counted by kind: nothing is left out without a word. */
import { type PassedOver, shownPath } from './dataset.ts'

/** For people: `12 HEIC pictures (cat/a.heic), 3 empty files (cat/b.jpg)`; empty where nothing was passed over. */
export function passedOverText(passedOver: readonly PassedOver[]): string {
  return passedOver
    .map(({ what, count, example }) => `${count} ${what} (${count > 1 ? 'as ' : ''}${shownPath(example)})`)
    .join(', ')
}

/** The same as a note, where there is anything to tell. */
export function passedOverNotes(passedOver: readonly PassedOver[]): readonly string[] {
  return passedOver.length === 0 ? [] : [`passed over: ${passedOverText(passedOver)}`]
}
