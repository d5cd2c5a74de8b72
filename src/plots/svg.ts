/** Draws Vega's specifications, without a page, in Node and browsers alike; the library is loaded when it is first asked for. */
import type { Spec } from 'vega'

/** A plot as the text of an SVG file. */
export async function svgOf(spec: Spec): Promise<string> {
  const { Error: errorsOnly, parse, View } = await import('vega')
  const view = new View(parse(spec), { renderer: 'none', logLevel: errorsOnly })
  try {
    return await view.toSVG()
  } finally {
    view.finalize()
  }
}
