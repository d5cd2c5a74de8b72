/** Draws Vega's specifications, without a page, in Node and browsers alike; the library is loaded when it is first asked for. */
import type { Spec } from 'vega'
import { xmlCharacters } from '../markup.ts'

/** A plot as the text of an SVG file, which is XML whatever names stand in it: Vega escapes what is markup, and no more. */
export async function svgOf(spec: Spec): Promise<string> {
  const { Error: errorsOnly, parse, View } = await import('vega')
  const view = new View(parse(spec), { renderer: 'none', logLevel: errorsOnly })
  try {
    return xmlCharacters(await view.toSVG())
  } finally {
    view.finalize()
  }
}
