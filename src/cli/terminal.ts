/**
 * What a terminal is given: names of files, labels of models and recipes' descriptions come from anybody, and must not steer
 * it (OSC 52 writes the clipboard, U+202E turns lines round). Everything that the command writes goes through here.
 */

const joinsEmoji = /(?<=\p{Emoji}|\ufe0f)\u200d(?=\p{Extended_Pictographic})/u
const joinsLetters = /(?<=[\u0600-\u1fff])[\u200c\u200d](?=[\u0600-\u1fff])/u
/**
 * Controls, invisible formats and halves of characters, but the ends of lines and tabs, and joiners where they join: parts of
 * an emoji, letters of scripts that need them.
 */
const steering = new RegExp(
  `(?![\\n\\t]|${joinsEmoji.source}|${joinsLetters.source})[\\p{Cc}\\p{Cf}\\p{Cs}\\u2028\\u2029]`,
  'gu',
)

/** The text with what would steer a terminal written out as in JSON: `\u202e`. In a JSON text it means the same as before. */
export function written(text: string): string {
  return text.replace(steering, asEscapes)
}

function asEscapes(character: string): string {
  return Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
  ).join('')
}

/** The same for a cell or a name within a line, which has no ends of lines either. */
export function writtenInLine(text: string): string {
  return written(text).replaceAll('\n', '\\u000a').replaceAll('\t', '\\u0009')
}

/**
 * Marks of our own styles, which become control sequences at the very end. They are noncharacters of Unicode (23.7), made for
 * use within a program: a text from outside that has them is bold at worst.
 */
export const marks = { bold: '\ufdd0', dim: '\ufdd1', end: '\ufdd2' } as const

const sequences: ReadonlyMap<string, string> = new Map([
  [marks.bold, '\u001b[1m'],
  [marks.dim, '\u001b[2m'],
  [marks.end, '\u001b[22m'],
])

const anyMark = /[\ufdd0-\ufdd2]/g

/** The text without marks of styles, as it takes room. */
export function unmarked(text: string): string {
  return text.replace(anyMark, '')
}

type Stream = Pick<NodeJS.WriteStream, 'write'>

/** Writes a text in which no style is ours: a mark in it came from outside, and is written out as well. */
export function write(stream: Stream, text: string): void {
  stream.write(written(text).replace(anyMark, asEscapes))
}

/** Writes a text with our styles. */
export function writeStyled(stream: Stream, text: string): void {
  stream.write(written(text).replace(anyMark, (mark) => sequences.get(mark) ?? ''))
}

/** Takes the line back that was written last, where nothing ended it. */
export function clearLine(stream: Stream): void {
  stream.write('\r\u001b[K')
}

/** Waits until the stream has taken what was written, or refused it. */
export function settled(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write('', () => resolve())
  })
}
