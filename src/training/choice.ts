/**
 * Which epoch's model is the best. An accuracy of n pictures moves in steps of 1 / n: two epochs whose answers differ on a
 * tenth of the pictures differ by chance by about 0.3 / √n, two points of a hundred at a few hundred pictures. Below a
 * thousand it cannot tell what one wants to know, and the loss decides, which every picture moves. It is the refined loss
 * (arXiv:2501.19195): the one at the temperature that suits these pictures best, since a network that has become too sure of
 * its answers, as all do that see few pictures often, does not know less.
 */

/** So many validation pictures tell two epochs apart by how many of them are right. */
export const tellingPictures = 1000

export interface Judged {
  readonly loss: number
  readonly top1: number | null
  /** Null where the pictures are many. */
  readonly refinedLoss: number | null
}

/** Better is right more often, and where that is equal has the lower loss; of few pictures the lower refined loss. */
export function isBetter(now: Judged, best: Judged): boolean {
  if (now.refinedLoss !== null && best.refinedLoss !== null) return now.refinedLoss < best.refinedLoss
  const [right, before] = [now.top1 ?? 0, best.top1 ?? 0]
  return right > before || (right === before && now.loss < best.loss)
}

/** An answer: the scores of all classes, and the right class. */
export interface Answer {
  readonly scores: Float32Array
  readonly truth: number
}

/** Scores are multiplied by 0 to this: a temperature's inverse. */
const sharpest = 32

/** The least mean loss of the answers over all temperatures; that of guessing where none helps. */
export function refinedLoss(answers: readonly Answer[]): number {
  const loss = (sharpness: number) =>
    answers.reduce((sum, answer) => sum + lossOf(answer, sharpness), 0) / answers.length
  // The loss is convex in the sharpness: thirds that cannot hold the least are cut off.
  let [low, high] = [0, sharpest]
  for (let i = 0; i < 40; i++) {
    const third = (high - low) / 3
    if (loss(low + third) <= loss(high - third)) high -= third
    else low += third
  }
  return loss((low + high) / 2)
}

function lossOf({ scores, truth }: Answer, sharpness: number): number {
  const greatest = scores.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY)
  const sum = scores.reduce((total, score) => total + Math.exp(sharpness * (score - greatest)), 0)
  return Math.log(sum) - sharpness * ((scores[truth] ?? 0) - greatest)
}
