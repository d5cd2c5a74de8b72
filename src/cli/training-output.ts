/** What a training shows: progress of the steps on standard error, a line for each epoch and a summary on standard output. */
import { join } from 'node:path'
import { formatCount, formatDuration, formatMacs, formatShare, formatShort } from '../analysis/format.ts'
import { passedOverText } from '../datasets/passed-over.ts'
import { formatInterval } from '../inference/interval.ts'
import { shellPath } from '../shell.ts'
import type {
  Ended,
  EpochEnded,
  FeaturesComputed,
  RunSettings,
  Started,
  Stepped,
  TrainingEvent,
} from '../training/events.ts'
import { aside, heading, printError, printJsonLine, printLines, tellLine } from './output.ts'
import { StatusLine } from './status-line.ts'

interface Shown {
  /** As the user named it. */
  readonly dataset: string
  /** The run's folder. */
  readonly out: string
  readonly json: boolean
}

/** Titles and widths of the epochs' columns: lines appear one by one, so their widths are known beforehand. */
const columns = [
  ['epoch', 9],
  ['loss', 8],
  ['right', 8],
  ['val loss', 9],
  ['val right', 10],
  ['rate', 9],
  ['images/s', 9],
  ['time', 8],
] as const

export class TrainingOutput {
  readonly #shown: Shown
  readonly #status = new StatusLine()
  #settings: RunSettings | undefined

  constructor(shown: Shown) {
    this.#shown = shown
  }

  show(event: TrainingEvent): void {
    if (event.kind === 'started') this.#started(event)
    else if (event.kind === 'skipped') this.#aside(`left out: ${event.error}`)
    else if (event.kind === 'note') this.#aside(`note: ${event.text}`)
    else if (event.kind === 'step') this.#status.update(() => stepLine(event, this.#settings))
    else if (event.kind === 'features') this.#status.update(() => featuresLine(event))
    else if (event.kind === 'epoch') this.#epoch(event)
    else if (event.kind === 'ended') this.#ended(event)
  }

  #started(event: Started): void {
    const { settings, parameters, trained, macs, runsOn, resumedAt, passedOver } = event
    this.#settings = settings
    if (this.#shown.json) return
    const { arch, dataset, recipeName, recipe, from, classes } = settings
    const number = (pictures: number) => (pictures === 0 ? 'none' : formatCount(pictures))
    const val = `${number(dataset.val)} for validation${dataset.valFrom === 'share' ? ' (set apart from those)' : ''}`
    const head = columns.map(([title, width]) => title.padStart(width)).join('')
    printLines([
      `${heading(arch)}${from === null ? '' : ` from ${from}`}: ${formatShort(parameters)} parameters${
        trained === parameters ? '' : `, ${formatShort(trained)} trained`
      }, ${formatMacs(macs)} an image, on ${runsOn}`,
      `${classes.length} classes; pictures: ${formatCount(dataset.train)} for training, ${val}, ${number(dataset.test)} for testing`,
      ...passedOverLines(passedOver),
      `recipe ${recipeName}: ${recipe.description}`,
      `folder: ${this.#shown.out}${resumedAt === 0 ? '' : `, continuing after step ${formatCount(resumedAt)}`}`,
      '',
      heading(head),
    ])
  }

  #epoch(event: EpochEnded): void {
    this.#status.clear()
    if (this.#shown.json) {
      printJsonLine(event)
      return
    }
    const { epoch, train, val, rate, imagesPerSecond, seconds, best } = event
    const cells = [
      `${epoch}/${this.#settings?.recipe.epochs ?? epoch}`,
      train.loss.toFixed(4),
      formatShare(train.accuracy),
      val?.loss.toFixed(4) ?? '',
      val === undefined ? '' : formatShare(val.top1),
      rate < 1e-3 ? rate.toExponential(2) : rate.toPrecision(3),
      imagesPerSecond.toFixed(imagesPerSecond < 10 ? 1 : 0),
      formatDuration(seconds),
    ]
    const line = cells.map((cell, i) => cell.padStart(columns[i]?.[1] ?? 0)).join('')
    printLines([val !== undefined && best ? `${line}  ${aside('best')}` : line])
  }

  #ended(event: Ended): void {
    this.#status.clear()
    const { model: _, ...summary } = event
    const { out } = this.#shown
    if (this.#shown.json) {
      const report = event.reportError === undefined ? join(out, 'report.html') : null
      printJsonLine({ ...summary, out, model: join(out, 'best.safetensors'), report })
      return
    }
    if (event.reportError !== undefined)
      printError(`the report could not be written, all else of the run is whole: ${event.reportError}`)
    if (event.reason === 'interrupted') {
      const where =
        event.steps === 0
          ? 'before the first step; what was computed is kept'
          : `after step ${formatCount(event.steps)}, and saved`
      printError(
        `interrupted ${where}; continue with: resnet train ${shellPath(this.#shown.dataset)} --out ${shellPath(out)} --resume`,
      )
      return
    }
    printLines(['', ...summaryLines(event, out, this.#settings)])
  }

  #aside(text: string): void {
    this.#status.clear()
    tellLine(text)
  }
}

function passedOverLines(passedOver: Started['passedOver']): readonly string[] {
  return passedOver.length === 0 ? [] : [`passed over: ${passedOverText(passedOver)}`]
}

function stepLine(
  { step, epoch, loss, accuracy, imagesPerSecond, secondsLeft }: Stepped,
  settings?: RunSettings,
): string {
  const epochs = settings === undefined ? '' : `/${settings.recipe.epochs}`
  return `epoch ${epoch}${epochs}, step ${formatCount(step)}: loss ${loss.toFixed(3)}, ${formatShare(accuracy)} right, ${imagesPerSecond.toFixed(imagesPerSecond < 10 ? 1 : 0)} images/s, ${formatDuration(secondsLeft)} left`
}

function featuresLine({ done, total, imagesPerSecond, secondsLeft }: FeaturesComputed): string {
  return `features of the frozen part: ${formatCount(done)}/${formatCount(total)}, ${imagesPerSecond.toFixed(imagesPerSecond < 10 ? 1 : 0)} images/s, ${formatDuration(secondsLeft)} left`
}

function summaryLines(
  { best, test, estimate, reason, seconds, verdict, reportError }: Ended,
  out: string,
  settings?: RunSettings,
): readonly string[] {
  const ended = reason === 'early' ? "trained until it got no better (the recipe's patience)" : 'trained'
  const val = settings?.dataset.val ?? 0
  const chosen =
    best === null || best.top1 === null
      ? []
      : [
          `best after epoch ${best.epoch}: ${rightOf({ images: val, correct: Math.round(best.top1 * val) }, 'validation')}`,
        ]
  const tested = test === undefined ? [] : [`${rightOf(test, 'test')}, loss ${test.loss.toFixed(4)}`]
  return [
    `${ended} in ${formatDuration(seconds)}`,
    ...chosen,
    ...tested,
    ...(estimate === undefined
      ? []
      : [
          `${rightOf(estimate, 'training')} by classifiers that did not learn from them (${estimate.folds} folds), loss ${estimate.loss.toFixed(4)}`,
        ]),
    ...verdict.filter(({ kind }) => kind !== 'learnt').map(({ text }) => text),
    `model:  ${join(out, 'best.safetensors')}`,
    ...(reportError === undefined ? [`report: ${join(out, 'report.html')}`] : []),
  ]
}

/** `8 of 40 test pictures right (20.0 %; 10 % to 35 %)` */
function rightOf(
  { correct, images }: { readonly correct: number; readonly images: number },
  which: string,
): string {
  return `${formatCount(correct)} of ${formatCount(images)} ${which} pictures right (${formatShare(correct / images)}; ${formatInterval(correct, images)})`
}
