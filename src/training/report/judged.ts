/** The parts of a report about the answers of the model: what pictures are taken for, figures by class, pictures that tell. */
import { formatCount, formatShare } from '../../analysis/format.ts'
import { intervalOf } from '../../inference/interval.ts'
import type { Counts } from '../../inference/tally.ts'
import { drawConfusion } from '../../plots/confusion.ts'
import { sharedPath } from '../../shell.ts'
import { type ClassFigures, classFigures, type MostConfused, mostConfused } from './classes.ts'
import type { Answer, Judgement } from './data.ts'
import { Html, html, nothing } from './html.ts'
import { countOf, shareOf } from './words.ts'

export const pictureWords = { test: 'test', val: 'validation' } as const

/** More classes than these are folded away, but for the worst; more than all of these are counted only. */
const shownClasses = 30
const foldedClasses = 970

/** A share of fewer pictures than these is shown with its interval. */
const many = 400

export async function judgementSections(judgement: Judgement): Promise<Html> {
  const { on, counts } = judgement
  return html`<section><h2>What ${pictureWords[on]} pictures are taken for</h2><div class="matrix">${new Html(await drawConfusion(counts))}</div>${confusedTable(mostConfused(counts))}</section>
${classesSection(counts)}
${answersSection(judgement)}`
}

function confusedTable({ pairs, more }: MostConfused): Html {
  if (pairs.length === 0) return nothing
  const rows = pairs.map(
    ({ truth, answer, count, images }) =>
      html`<tr><td>${truth}</td><td>${answer}</td><td>${formatCount(count)} of ${formatCount(images)}</td></tr>
`,
  )
  return html`<table class="pairs"><thead><tr><th>most often confused</th><th>taken for</th><th>pictures</th></tr></thead><tbody>${rows}</tbody></table>${more === 0 ? nothing : html`<p class="quiet">and ${countOf(more, 'more pair')}.</p>`}`
}

function classesSection(counts: Counts): Html {
  const classes = classFigures(counts)
  const rest = classes.slice(shownClasses)
  const folded = html`<details><summary>${countOf(rest.length, 'more class', 'more classes')}, which go better</summary>${classTable(rest.slice(0, foldedClasses))}${leftOut(rest.length - foldedClasses)}</details>`
  return html`<section><h2>Classes, the worst first</h2>${classTable(classes.slice(0, shownClasses))}${rest.length === 0 ? nothing : folded}</section>`
}

function leftOut(count: number): Html {
  if (count <= 0) return nothing
  return html`<p class="quiet">${countOf(count, 'class', 'classes')} that go better still are left out here; events.jsonl has the figures of all.</p>`
}

function classTable(classes: readonly ClassFigures[]): Html {
  const rows = classes.map(
    ({ label, images, correct, answers, recall, precision, f1 }) =>
      html`<tr><td>${label}</td><td>${formatCount(images)}</td><td>${formatShare(recall)}${interval(correct, images)}</td><td>${formatShare(precision)}${interval(correct, answers)}</td><td>${formatShare(f1)}</td></tr>
`,
  )
  return html`<table class="classes"><thead><tr><th>class</th><th>pictures</th><th title="share of its pictures that are answered rightly">recall</th><th title="share of its answers that are right">precision</th><th title="harmonic mean of recall and precision">F1</th></tr></thead><tbody>${rows}</tbody></table>`
}

/** Between which shares the true one lies in 95 of 100 cases, where so few pictures leave that open. */
function interval(correct: number, images: number): Html {
  if (images === 0 || images >= many) return nothing
  const { low, high } = intervalOf(correct, images)
  return html`<small>${Math.round(100 * low)} to ${Math.round(100 * high)}</small>`
}

function answersSection({ mistakes, leastSure, counts, undrawn }: Judgement): Html {
  if (undrawn !== undefined)
    return html`<section><h2>Answers</h2><p>Pictures of answers could not be drawn: ${undrawn}</p></section>`
  if (mistakes.length > 0) {
    const title = counts.images - counts.correct > mistakes.length ? 'Worst mistakes' : 'All mistakes'
    return answersOf(title, 'Wrong answers of which the network was surest.', mistakes)
  }
  if (leastSure.length === 0) return nothing
  return answersOf(
    'Least sure',
    'No answer is wrong; of these right ones the network was least sure.',
    leastSure,
  )
}

function answersOf(title: string, words: string, answers: readonly Answer[]): Html {
  const withMaps = answers.some(({ map }) => map !== undefined)
  const maps = withMaps
    ? ' Beside each picture is where in it the network saw its answer: the lighter, the more.'
    : ''
  return html`<section><h2>${title}</h2><p class="quiet">${words}${maps}</p><div class="answers">${answers.map(figureOf)}</div></section>`
}

function figureOf({ file, truth, truthProbability, answer, probability, picture, map }: Answer): Html {
  const caption =
    truth === answer
      ? html`<b>${truth}</b> (${shareOf(probability)})`
      : html`<b>${truth}</b> (${shareOf(truthProbability)}) taken for <b>${answer}</b> (${shareOf(probability)})`
  return html`<figure><div class="pair"><img alt="${truth}" src="${pngAddress(picture)}"/>${
    map === undefined ? nothing : html`<img alt="where it looks like ${answer}" src="${pngAddress(map)}"/>`
  }</div><figcaption>${caption}<small>${sharedPath(file)}</small></figcaption></figure>
`
}

function pngAddress(bytes: Uint8Array): string {
  const letters = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return `data:image/png;base64,${btoa(letters)}`
}
