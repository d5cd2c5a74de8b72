/** Text within the markup that we write, SVG and HTML: names from anywhere can do no harm in it, and it is XML. */

/** What XML 1.0 (section 2.2) has no place for, in any form: most controls, halves of characters, two noncharacters. */
const noCharacter = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu

/** The text, or whole markup, with a replacement character for each that XML does not have. */
export function xmlCharacters(text: string): string {
  return text.replace(noCharacter, '\ufffd')
}

const entities: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
])

/** Text for the content of an element and for quoted attributes; controls become spaces. */
export function escapedText(text: string): string {
  const line = text.replace(/\p{Cc}+/gu, ' ')
  return xmlCharacters(line).replace(/[&<>"']/g, (letter) => entities.get(letter) ?? letter)
}
