/** The report of a run: one page that stands alone, without scripts, and asks nothing of any network. */
import { formatCount, formatDuration } from '../../analysis/format.ts'
import { intervalOf } from '../../inference/interval.ts'
import { drawAccuracy, drawLoss, drawRate } from '../../plots/curves.ts'
import { sharedPath } from '../../shell.ts'
import type { Finding } from '../verdict.ts'
import type { Judgement, Places, ReportData } from './data.ts'
import { costSection, settingsSection } from './figures.ts'
import { Html, html, nothing } from './html.ts'
import { judgementSections, pictureWords } from './judged.ts'
import { leftOutSection } from './left-out.ts'
import { style } from './style.ts'
import { useSection } from './use.ts'
import { countOf, shareOf } from './words.ts'

/** Whatever a name might smuggle in, the page runs no script and loads nothing. */
const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

/**
 * The page as HTML that is XML too. The same run gives the same page but for what clocks say, which stands in `<time>`.
 *
 * Its size is bounded: under 3 MB for a thousand classes, with pictures as small as `TellingAnswers` makes them.
 */
export async function reportOf(given: ReportData): Promise<string> {
  const data = { ...given, places: sharedPlaces(given.places) }
  const { started, judgement, places } = data
  const { settings } = started
  const name = `${settings.arch} on ${settings.dataset.name}`
  const page = html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/><meta http-equiv="Content-Security-Policy" content="${policy}"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/><title>${name}</title><style>${new Html(style)}</style></head>
<body><header><h1>${name}</h1>${verdict(data)}<p class="quiet">${aboutRun(data)}</p>${headline(data)}</header>
<main>${await curvesSection(data)}
${judgement === undefined ? nothing : await judgementSections(judgement)}
${leftOutSection(started.passedOver, data.skipped)}
${useSection(data, places.folder !== given.places.folder || places.data !== given.places.data)}
${settingsSection(settings, places)}
${costSection(started)}</main></body></html>
`
  return page.text
}

/** A page that is handed on tells nothing of the disk that it was made on. */
function sharedPlaces({ folder, data, from, teacher }: Places): Places {
  const shared = (path: string | null) => (path === null ? null : sharedPath(path))
  return { folder: sharedPath(folder), data: sharedPath(data), from: shared(from), teacher: shared(teacher) }
}

/** Findings that a reader must not overlook. */
const grave: ReadonlySet<Finding['kind']> = new Set(['exploded', 'chance'])

/** What the run came to: the first finding leads, the others follow. */
function verdict({ ended }: ReportData): Html {
  const [first, ...others] = ended.verdict
  if (first === undefined)
    return html`<p class="verdict">No epoch was finished, so there is nothing to judge yet.</p>`
  const kind = grave.has(first.kind) ? ' grave' : ''
  const more = others.map(({ text }) => html`<p class="finding">${sentence(text)}</p>`)
  return html`<p class="verdict${kind}">${sentence(first.text)}</p>${more}`
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`.replaceAll(' %', '\u00a0%')
}

function aboutRun({ started: { settings }, ended: { reason, steps }, places }: ReportData): Html {
  const { recipeName, from, classes, recipe } = settings
  const start = from === null ? 'from scratch' : `from ${from}`
  const ends = {
    finished: '',
    early: ` It ended early: no epoch was better for ${countOf(recipe.patience ?? 0, 'epoch')}.`,
    interrupted: ` It was interrupted after step ${formatCount(steps)} and can go on with --resume.`,
  }
  const day = new Date().toISOString().slice(0, 10)
  return html`Trained ${start} to ${countOf(classes.length, 'class', 'classes')} by the recipe ${recipeName}.${ends[reason]} The run lies in <b>${places.folder}</b>; this page is of <time>${day}</time>.`
}

function headline({ started, ended, judgement }: ReportData): Html {
  const { settings } = started
  const { train, val, test } = settings.dataset
  const { best, epochs, seconds, steps } = ended
  const images = steps * Math.min(settings.recipe.batch, train)
  const rate = seconds > 0 ? images / seconds : 0
  const tiles = [
    ...(judgement === undefined ? [] : [judgedTile(judgement)]),
    ...(best === null ? [] : [bestTile(best, epochs)]),
    tile(
      formatCount(train),
      `pictures to train on, ${formatCount(val)} to validate, ${formatCount(test)} to test`,
    ),
    tile(html`<time>${formatDuration(seconds)}</time>`, 'of training'),
    tile(html`<time>${formatCount(Math.round(rate))}</time>`, 'pictures a second'),
  ]
  return html`<dl class="tiles">${tiles}</dl>`
}

function tile(figure: string | Html, words: string): Html {
  return html`<div><dt>${words}</dt><dd>${figure}</dd></div>
`
}

function bestTile({ epoch, top1 }: NonNullable<ReportData['ended']['best']>, epochs: number): Html {
  if (top1 === null) return tile(formatCount(epoch), 'last epoch')
  return tile(formatCount(epoch), `best epoch of ${formatCount(epochs)}, ${shareOf(top1)} on validation`)
}

function judgedTile({ on, counts }: Judgement): Html {
  const { images, correct, top1, top5, perClass } = counts
  const five = perClass.length > 10 ? `, ${shareOf(top5)} within five` : ''
  const { low, high } = intervalOf(correct, images)
  const words = `of ${countOf(images, `${pictureWords[on]} picture`)} right${five}; of new ones ${shareOf(low)} to ${shareOf(high)}`
  return tile(shareOf(top1), words)
}

async function curvesSection({ epochs, steps }: ReportData): Promise<Html> {
  const byEpoch = epochs.length === 0 ? [] : [await drawLoss(epochs), await drawAccuracy(epochs)]
  const plots = [...byEpoch, ...(steps.length === 0 ? [] : [await drawRate(steps)])]
  if (plots.length === 0) return nothing
  return html`<section><h2>Training</h2><div class="plots">${plots.map((svg) => html`<div>${new Html(svg)}</div>`)}</div></section>`
}
