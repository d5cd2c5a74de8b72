/**
 * Which epoch's model is the best. An accuracy of n pictures moves in steps of 1 / n: two epochs whose answers differ on a
 * tenth of the pictures differ by chance by about 0.3 / √n, two points of a hundred at a few hundred pictures. Below a
 * thousand it cannot tell what one wants to know, and the loss decides, which every picture moves. It is the refined loss
 * (arXiv:2501.19195): the one at the temperature that suits these pictures best, since a network that has become too sure of
 * its answers, as all do that see few pictures often, does not know less. Of the epochs that are no worse than the least by
 * more than its standard error, the latest is taken: the rate falls to the end of a run, so where the pictures cannot tell
 * two epochs apart, the later one is the better guess.
 */

/** So many validation pictures tell two epochs apart by how many of them are right. */
export const tellingPictures = 1000

/** The refined loss of some pictures, and how far chance moves it: its standard error. */
export interface RefinedLoss {
  readonly loss: number
  readonly error: number
}

export interface Judged {
  readonly loss: number
  readonly top1: number | null
  /** Null where the pictures are many. */
  readonly refined: RefinedLoss | null
}

/** What an epoch's validation is compared with. */
export interface Before {
  readonly best: { readonly loss: number; readonly top1: number | null }
  /** The least refined loss of all epochs; null where the pictures are many. */
  readonly least: RefinedLoss | null
}

/** Whether an epoch's model is the best so far, and whether it is better than all before, for which patience waits. */
export function choose(
  now: Judged,
  { best, least }: Before,
): { readonly kept: boolean; readonly better: boolean } {
  if (now.refined !== null && least !== null) {
    const better = now.refined.loss < least.loss
    return { kept: better || now.refined.loss <= least.loss + least.error, better }
  }
  const [right, before] = [now.top1 ?? 0, best.top1 ?? 0]
  const better = right > before || (right === before && now.loss < best.loss)
  return { kept: better, better }
}

/** An answer: the scores of all classes, and the right class. */
export interface Answer {
  readonly scores: Float32Array
  readonly truth: number
}

/** Scores are multiplied by 0 to this: a temperature's inverse. */
const sharpest = 32

/** The least mean loss of the answers over all temperatures; that of guessing where none helps. */
export function refinedLoss(answers: readonly Answer[]): RefinedLoss {
  const losses = (sharpness: number) => answers.map((answer) => lossOf(answer, sharpness))
  const loss = (sharpness: number) => mean(losses(sharpness))
  // The loss is convex in the sharpness: thirds that cannot hold the least are cut off.
  let [low, high] = [0, sharpest]
  for (let i = 0; i < 40; i++) {
    const third = (high - low) / 3
    if (loss(low + third) <= loss(high - third)) high -= third
    else low += third
  }
  const least = losses((low + high) / 2)
  const centre = mean(least)
  const variance = mean(least.map((value) => (value - centre) ** 2))
  return { loss: centre, error: Math.sqrt(variance / least.length) }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function lossOf({ scores, truth }: Answer, sharpness: number): number {
  const greatest = scores.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY)
  const sum = scores.reduce((total, score) => total + Math.exp(sharpness * (score - greatest)), 0)
  return Math.log(sum) - sharpness * ((scores[truth] ?? 0) - greatest)
}
