/** What two networks do in one sentence: words that both would share are not said twice. */

/** Words that what follows them needs. */
const openers = new Set(['to', 'of', 'with', 'by', 'in', 'into', 'at', 'from', 'between', 'padded'])

/**
 * `A has 3 blocks in each stage; B 4 blocks.` Where most words are the same, the second says only those that are not,
 * with the preposition before them and the words that they belong to.
 */
export function contrast(a: readonly [name: string, words: string], b: readonly [string, string]): string {
  const [one, other] = [wordsOf(a[1]), wordsOf(b[1])]
  const shortest = Math.min(one.length, other.length)
  const start = sharedStart(one, other, shortest)
  const end = sharedStart(one.toReversed(), other.toReversed(), shortest - start)
  const full = `${a[0]} ${a[1]}; ${b[0]} ${b[1]}.`
  const rest = other.slice(start, other.length - end)
  const isMostlyShared = start > 0 && start + end >= 3 && rest.length > 0 && start + end >= rest.length
  const isOnePlace = end === 0 || !rest.some((word) => word.endsWith(','))
  if (!isMostlyShared || !isOnePlace) return full
  const words = [...leading(other, start), ...rest, ...trailing(other, start, other.length - end)]
  return `${a[0]} ${a[1]}; ${b[0]} ${words.join(' ').replace(/,$/, '')}.`
}

/** A list of numbers counts as one word. */
function wordsOf(text: string): readonly string[] {
  return text.match(/(?:\d+, )*\d+ and \d+|\S+/g) ?? []
}

function sharedStart(a: readonly string[], b: readonly string[], limit: number): number {
  const different = a.findIndex((word, i) => i >= limit || word !== b[i])
  return different < 0 ? Math.min(a.length, limit) : different
}

/** The nearest preposition in front, of up to three words back, and what follows it. */
function leading(words: readonly string[], start: number): readonly string[] {
  for (let from = start - 1; from >= Math.max(1, start - 4); from--)
    if (openers.has(words[from] ?? '')) return words.slice(from, start)
  return []
}

/** What belongs to the words before it: up to the next comma, parenthesis or opener, or the end of their parenthesis. */
function trailing(words: readonly string[], start: number, end: number): readonly string[] {
  const isOpen = words.slice(start, end).some((word) => word.startsWith('(') && !word.includes(')'))
  const closes = isOpen ? /\)[,;]?$/ : /[,;)]$/
  if (closes.test(words[end - 1] ?? '')) return []
  const rest = words.slice(end)
  const stop = rest.findIndex((word) => !isOpen && (word.startsWith('(') || openers.has(word)))
  const closed = rest.findIndex((word) => closes.test(word)) + 1
  const ends = [stop < 0 ? rest.length : stop, closed === 0 ? rest.length : closed]
  return rest.slice(0, Math.min(...ends))
}
