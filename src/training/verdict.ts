/**
 * What a run came to, in sentences: whether it learnt, and what stood in its way. The screen tells the first two kinds while
 * the run goes on, its end and its report all of them.
 */
import { formatCount, formatShare } from '../analysis/format.ts'
import { formatCorrect, intervalOf } from '../inference/interval.ts'
import type { Counts } from '../inference/tally.ts'
import type { EpochFigures } from '../plots/curves.ts'
import type { Estimate, RunSettings } from './events.ts'

/**
 * - `exploded`: the validation loss ends far above that of guessing.
 * - `chance`: no loss came below that of guessing, or no more answers are right than one class for every picture would give.
 * - `learnt`: how many answers of pictures that it was not trained on are right, and what guessing gives.
 * - `overfit`: the validation loss rose while the training loss fell.
 * - `few`: the pictures that judged it are too few for a figure; with the interval.
 */
export interface Finding {
  readonly kind: 'exploded' | 'chance' | 'learnt' | 'overfit' | 'few'
  /** A sentence, without its full stop. */
  readonly text: string
}

export interface RunHistory {
  readonly settings: Pick<RunSettings, 'classes' | 'dataset' | 'from' | 'recipe'>
  /** All epochs so far. */
  readonly epochs: readonly EpochFigures[]
  /** The best model on pictures that it was not trained on. */
  readonly judgement?: { readonly on: 'test' | 'val'; readonly counts: Counts } | undefined
  readonly estimate?: Estimate | undefined
}

/**
 * A validation loss of so many times that of guessing has exploded, where fewer answers are right than half-way between
 * guessing and all. Where more are, the network is only too sure of the few that it has wrong.
 */
const explosion = 3

/** The share of a run after which it must have learnt something. */
const patience = 1 / 3

/** A validation loss of so many times its least has risen, where the training loss fell meanwhile. */
const rise = 1.25

/** Nats; a smaller rise is nothing to speak of. */
const leastRise = 0.1

/** An interval wider than this on both sides together says little. */
const wide = 0.2

/** All there is to say of a run, the gravest first; empty where no epoch was finished. */
export function verdictOf(history: RunHistory): readonly Finding[] {
  const failure = exploded(history, 'ends at') ?? nothingLearnt(history)
  const findings =
    failure === undefined ? [learnt(history), overfit(history), few(history)] : [failure, few(history)]
  return findings.filter((finding) => finding !== undefined)
}

/** What the last epoch brings to light and no earlier one did, to be told while the run goes on. */
export function warningsOf(history: RunHistory): readonly Finding[] {
  const told = new Set<Finding['kind']>()
  for (let count = 1; count < history.epochs.length; count++)
    for (const { kind } of warningsAt(history, count)) told.add(kind)
  return warningsAt(history, history.epochs.length).filter(({ kind }) => !told.has(kind))
}

function warningsAt({ settings, epochs }: RunHistory, count: number): readonly Finding[] {
  const history = { settings, epochs: epochs.slice(0, count) }
  const isEarly = count < Math.max(3, settings.recipe.epochs * patience)
  const found = [exploded(history, 'is'), isEarly ? undefined : nothingLearnt(history)]
  return found.filter((finding) => finding !== undefined)
}

/** The loss of guessing: each class as likely as any other. */
function guessing({ classes }: RunHistory['settings']): number {
  return Math.log(classes.length)
}

/** The share of right answers half-way between guessing and all. */
function halfWay({ classes }: RunHistory['settings']): number {
  return (1 + 1 / classes.length) / 2
}

function exploded({ settings, epochs }: RunHistory, verb: string): Finding | undefined {
  const last = epochs.at(-1)
  const classes = settings.classes.length
  if (last?.val === undefined || last.val.loss < explosion * guessing(settings)) return undefined
  if (last.val.top1 > halfWay(settings)) return undefined
  const text = `the validation loss ${verb} ${last.val.loss.toPrecision(3)} after epoch ${last.epoch}, where guessing one of ${classes} classes gives ${guessing(settings).toFixed(2)}: the training is not stable; ${advice(settings)}`
  return { kind: 'exploded', text }
}

function nothingLearnt(history: RunHistory): Finding | undefined {
  const { settings, epochs } = history
  const losses = epochs.map(({ train, val }) => val?.loss ?? train.loss)
  const least = Math.min(...losses)
  const isOftenRight = epochs.some(({ val }) => val !== undefined && val.top1 > halfWay(settings))
  if (epochs.length > 0 && least >= guessing(settings) && !isOftenRight) {
    const which = epochs.some(({ val }) => val !== undefined) ? 'validation' : 'training'
    const text = `nothing was learnt: the least ${which} loss of ${formatCount(epochs.length)} epochs is ${least.toPrecision(3)}, where guessing one of ${settings.classes.length} classes gives ${guessing(settings).toFixed(2)}; ${advice(settings)}`
    return { kind: 'chance', text }
  }
  return noBetterThanOneClass(history)
}

function noBetterThanOneClass({ settings, judgement }: RunHistory): Finding | undefined {
  if (judgement === undefined) return undefined
  const { images, correct, perClass } = judgement.counts
  const most = perClass.reduce((greatest, entry) => Math.max(greatest, entry.images), 0)
  if (images === 0 || intervalOf(correct, images).low > most / images) return undefined
  // Few pictures cannot tell; that is said by itself.
  if (correct > most && isWide(correct, images)) return undefined
  const text = `${formatShare(correct / images)} of the ${pictures(judgement.on)} are right (${formatCorrect(correct, images)}), which is no better than one class for every picture (${formatShare(most / images)}); ${advice(settings)}`
  return { kind: 'chance', text }
}

function learnt({ settings, epochs, judgement, estimate }: RunHistory): Finding | undefined {
  const chance = formatShare(1 / settings.classes.length)
  if (judgement !== undefined) {
    const { correct, images, top1 } = judgement.counts
    const text = `${formatShare(top1)} of the ${pictures(judgement.on)} are right (${formatCorrect(correct, images)}); guessing gives ${chance}`
    return { kind: 'learnt', text }
  }
  if (estimate !== undefined) {
    const { correct, images, top1, folds } = estimate
    const text = `${formatShare(top1)} of the pictures are right (${formatCorrect(correct, images)}) by classifiers that did not learn from them, ${folds} folds; guessing gives ${chance}`
    return { kind: 'learnt', text }
  }
  const best = epochs.findLast((epoch) => epoch.best)
  if (best === undefined) return undefined
  const [share, of] =
    best.val === undefined ? [best.train.accuracy, 'training'] : [best.val.top1, 'validation']
  const text = `${formatShare(share)} of the ${of} pictures are right; guessing gives ${chance}${best.val === undefined ? ', and no pictures were set apart to tell what it is worth on new ones' : ''}`
  return { kind: 'learnt', text }
}

function overfit({ epochs }: RunHistory): Finding | undefined {
  const judged = epochs.flatMap(({ epoch, train, val }) =>
    val === undefined ? [] : [{ epoch, train: train.loss, val: val.loss }],
  )
  const last = judged.at(-1)
  const best = judged.reduce((least, each) => (each.val < least.val ? each : least), judged[0] ?? never)
  if (last === undefined || last.train >= best.train) return undefined
  if (last.val < rise * best.val || last.val - best.val < leastRise) return undefined
  const text = `after epoch ${best.epoch} the validation loss rose from ${best.val.toPrecision(3)} to ${last.val.toPrecision(3)} while the training loss fell to ${last.train.toPrecision(3)}: it learns the training pictures by heart; more pictures or stronger augmentation help, more epochs do not`
  return { kind: 'overfit', text }
}

const never = { epoch: 0, train: Number.POSITIVE_INFINITY, val: Number.POSITIVE_INFINITY }

function few({ judgement }: RunHistory): Finding | undefined {
  if (judgement === undefined) return undefined
  const { correct, images } = judgement.counts
  if (!isWide(correct, images)) return undefined
  const text = `${formatCount(images)} ${pictures(judgement.on)} say little: ${formatCorrect(correct, images)}`
  return { kind: 'few', text }
}

function isWide(correct: number, images: number): boolean {
  const { low, high } = intervalOf(correct, images)
  return high - low > wide
}

function pictures(on: 'test' | 'val'): string {
  return on === 'test' ? 'test pictures' : 'validation pictures'
}

function advice({ from, recipe }: RunHistory['settings']): string {
  const lower = `a lower rate than ${Number(recipe.rate.toPrecision(3))} or more steps may help`
  return from === null
    ? `${lower}, and so does starting from a trained network (--from resnet50.keras_in1k)`
    : `${lower}; check that the pictures lie in the right folders`
}
