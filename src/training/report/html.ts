/** HTML in which names from files can do no harm: whatever stands in a template is escaped unless it is HTML already. */
import { escapedText } from '../../markup.ts'

export class Html {
  readonly text: string

  /** Takes the text as it is: for markup made here, never for names. */
  constructor(text: string) {
    this.text = text
  }
}

type Part = string | number | Html | readonly Html[]

/** A piece of a page: html`<td>${name}</td>`. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const joined = texts.map((text, i) => {
    const part = parts[i]
    return part === undefined ? text : `${text}${markupOf(part)}`
  })
  return new Html(joined.join(''))
}

/** An empty piece. */
export const nothing = new Html('')

function markupOf(part: Part): string {
  if (part instanceof Html) return part.text
  return typeof part === 'object' ? part.map(({ text }) => text).join('') : escapedText(String(part))
}
