/** The report of a run: one page that stands alone, without scripts, and asks nothing of any network. */
import { formatCount, formatDuration, formatShare } from '../../analysis/format.ts'
import { drawConfusion } from '../../plots/confusion.ts'
import { drawAccuracy, drawLoss, drawRate } from '../../plots/curves.ts'
import type { Judgement, Mistake, ReportData } from './data.ts'
import { classesSection, costSection, settingsSection } from './figures.ts'
import { Html, html, nothing } from './html.ts'
import { style } from './style.ts'

/** Whatever a name might smuggle in, the page runs no script and loads nothing. */
const policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"

/**
 * The page as HTML. The same run gives the same page but for what clocks say, which stands in `<time>`.
 *
 * Its size is bounded: under 3 MB for a thousand classes, with the mistakes' pictures as small as `drawMistakes` makes them.
 */
export async function reportOf(data: ReportData): Promise<string> {
  const { started, judgement } = data
  const { settings } = started
  const name = `${settings.arch} on ${settings.dataset.name}`
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>${name}</title><style>${new Html(style)}</style></head>
<body><header><h1>${name}</h1><p class="quiet">${aboutRun(data)}</p>${headline(data)}</header>
<main>${await curvesSection(data)}
${judgement === undefined ? nothing : await judgementSections(judgement)}
${skippedSection(data.skipped)}
${costSection(started)}
${settingsSection(settings)}</main></body></html>
`
  return page.text
}

function aboutRun({ started: { settings }, ended: { reason, steps } }: ReportData): string {
  const { recipeName, from, classes, recipe } = settings
  const start = from === null ? 'from nothing' : `from ${from}`
  const ends = {
    finished: '',
    early: ` It ended early: no epoch was better for ${countOf(recipe.patience ?? 0, 'epoch')}.`,
    interrupted: ` It was interrupted after step ${formatCount(steps)} and can go on with --resume.`,
  }
  return `Trained ${start} to ${countOf(classes.length, 'class', 'classes')} by the recipe ${recipeName}.${ends[reason]}`
}

/** In running text, where its unit must not fall into the next line. */
function shareOf(value: number): string {
  return formatShare(value).replace(' ', '\u00a0')
}

function countOf(count: number, one: string, several = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : several}`
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

const pictureWords = { test: 'test', val: 'validation' } as const

function judgedTile({ on, counts }: Judgement): Html {
  const { images, top1, top5, perClass } = counts
  const five = perClass.length > 10 ? `, ${shareOf(top5)} within five` : ''
  return tile(shareOf(top1), `of ${formatCount(images)} ${pictureWords[on]} pictures right${five}`)
}

async function curvesSection({ epochs, steps }: ReportData): Promise<Html> {
  const byEpoch = epochs.length === 0 ? [] : [await drawLoss(epochs), await drawAccuracy(epochs)]
  const plots = [...byEpoch, ...(steps.length === 0 ? [] : [await drawRate(steps)])]
  if (plots.length === 0) return nothing
  return html`<section><h2>Training</h2><div class="plots">${plots.map((svg) => html`<div>${new Html(svg)}</div>`)}</div></section>`
}

async function judgementSections({ on, counts, mistakes }: Judgement): Promise<Html> {
  const named = counts.perClass.length <= 60 ? ' named' : ''
  return html`<section><h2>What ${pictureWords[on]} pictures are taken for</h2><div class="matrix${named}">${new Html(await drawConfusion(counts))}</div></section>
${classesSection(counts)}
${mistakes.length === 0 ? nothing : mistakesSection(mistakes)}`
}

function mistakesSection(mistakes: readonly Mistake[]): Html {
  const withMaps = mistakes.some(({ map }) => map !== undefined)
  const maps = withMaps
    ? ' Beside each picture is where in it the network saw its answer: the lighter, the more.'
    : ''
  return html`<section><h2>Worst mistakes</h2><p class="quiet">Wrong answers of which the network was surest.${maps}</p><div class="mistakes">${mistakes.map(mistakeFigure)}</div></section>`
}

function mistakeFigure({ file, truth, truthProbability, answer, probability, picture, map }: Mistake): Html {
  return html`<figure><div class="pair"><img alt="${truth}" src="${pngAddress(picture)}">${
    map === undefined ? nothing : html`<img alt="where it looks like ${answer}" src="${pngAddress(map)}">`
  }</div><figcaption><b>${truth}</b> (${shareOf(truthProbability)}) taken for <b>${answer}</b> (${shareOf(probability)})<small>${file}</small></figcaption></figure>
`
}

/** More pictures than these are counted only. */
const shownSkipped = 20

function skippedSection(skipped: ReportData['skipped']): Html {
  if (skipped.length === 0) return nothing
  const more = skipped.length - shownSkipped
  const rows = skipped.slice(0, shownSkipped).map(
    ({ file, error }) => html`<tr><td>${file}</td><td>${error.replace(`${file}: `, '')}</td></tr>
`,
  )
  return html`<section><h2>Pictures that were left out</h2>
<p>${countOf(skipped.length, 'picture')} could not be read${more > 0 ? `; the first ${shownSkipped} are` : ''}:</p>
<div class="scroll"><table class="settings"><tbody>${rows}</tbody></table></div></section>`
}

function pngAddress(bytes: Uint8Array): string {
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return `data:image/png;base64,${btoa(letters)}`
}
