/** What a person should know of the classes and functions in a pickle that were not run. */
import { shown } from './unwrap.ts'

/** One line, ten names at most. */
export function inertNotes(names: readonly string[]): string[] {
  const [first] = names
  if (first === undefined) return []
  if (names.length === 1) return [`${shown(first)} was kept inert: none of its code ran`]
  const more = names.length > 10 ? ` and ${names.length - 10} more` : ''
  return [`${names.slice(0, 10).map(shown).join(', ')}${more} were kept inert: none of their code ran`]
}
