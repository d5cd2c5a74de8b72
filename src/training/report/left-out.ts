/** The part of a report about what the network has not seen: pictures that cannot be read, files that were passed over. */
import { formatCount } from '../../analysis/format.ts'
import type { PassedOver } from '../../datasets/dataset.ts'
import { sharedPath } from '../../shell.ts'
import type { ReportData } from './data.ts'
import { type Html, html, nothing } from './html.ts'
import { countOf } from './words.ts'

/** More pictures than these are counted only. */
const shownSkipped = 20

export function leftOutSection(passedOver: readonly PassedOver[], skipped: ReportData['skipped']): Html {
  if (passedOver.length === 0 && skipped.length === 0) return nothing
  return html`<section><h2>What was left out</h2>
${passedOverTable(passedOver)}${skippedTable(skipped)}</section>`
}

function passedOverTable(passedOver: readonly PassedOver[]): Html {
  if (passedOver.length === 0) return nothing
  const rows = passedOver.map(
    ({
      what,
      count,
      example,
    }) => html`<tr><td>${formatCount(count)} ${what}</td><td>${count > 1 ? 'as ' : ''}${sharedPath(example)}</td></tr>
`,
  )
  return html`<p>Files beside the pictures that were passed over:</p><table class="settings"><tbody>${rows}</tbody></table>`
}

function skippedTable(skipped: ReportData['skipped']): Html {
  if (skipped.length === 0) return nothing
  const more = skipped.length - shownSkipped
  const rows = skipped.slice(0, shownSkipped).map(
    ({
      file,
      error,
    }) => html`<tr><td>${sharedPath(file)}</td><td>${error.replaceAll(file, sharedPath(file)).replace(`${sharedPath(file)}: `, '')}</td></tr>
`,
  )
  return html`<p>${countOf(skipped.length, 'picture')} could not be read${more > 0 ? `; the first ${shownSkipped} are` : ''}:</p>
<table class="settings"><tbody>${rows}</tbody></table>`
}
