/** The answers that a network is surest of and yet wrong about, and pictures of what it saw and where. */
import { encodePng } from '#platform/images/encode'
import type { DatasetItem } from '../../datasets/dataset.ts'
import { ArgumentError } from '../../errors.ts'
import type { Picture } from '../../images/picture.ts'
import { resize } from '../../images/resize.ts'
import { drawMap } from '../../inference/draw-map.ts'
import type { LoadedModel } from '../../inference/loaded-model.ts'
import { bestClasses, labelOf, softmax } from '../../inference/predictions.ts'
import type { Pictures } from '../pictures.ts'
import type { Mistake } from './data.ts'

/** So many are shown: they fill rows of two, three and four. */
const shownMistakes = 12

/** Longer side of a drawn picture at most: two dozen of them stay under 2 MB however they are compressed. */
const drawnSide = 144

interface WrongAnswer {
  readonly item: DatasetItem
  readonly answer: number
  readonly probability: number
  readonly truthProbability: number
}

/** Listens to answers, and keeps the worst. */
export class WorstMistakes {
  #kept: readonly WrongAnswer[] = []

  add(item: DatasetItem, logits: ArrayLike<number>): void {
    const probabilities = softmax(logits)
    const [answer = 0] = bestClasses(probabilities, 1)
    if (answer === item.class) return
    const probability = probabilities[answer] ?? 0
    const last = this.#kept[shownMistakes - 1]
    if (last !== undefined && last.probability >= probability) return
    const wrong = { item, answer, probability, truthProbability: probabilities[item.class] ?? 0 }
    this.#kept = [...this.#kept, wrong]
      .toSorted((a, b) => b.probability - a.probability)
      .slice(0, shownMistakes)
  }

  /** What the network saw, and the class activation maps of what it answered. */
  async draw(loaded: LoadedModel, pictures: Pictures): Promise<readonly Mistake[]> {
    const mistakes: Mistake[] = []
    for (const wrong of this.#kept) {
      const picture = await pictures.get(wrong.item)
      if (picture !== undefined) mistakes.push(await drawn(wrong, picture, loaded))
    }
    return mistakes
  }
}

async function drawn(wrong: WrongAnswer, decoded: Picture, loaded: LoadedModel): Promise<Mistake> {
  const { item, answer, probability, truthProbability } = wrong
  const { labels } = loaded.model
  const picture = fitted(await loaded.seen(decoded))
  const map = await loaded.activationMap(decoded, { class: answer }).catch(noMap)
  return {
    file: item.file,
    truth: labelOf(labels, item.class),
    truthProbability,
    answer: labelOf(labels, answer),
    probability,
    picture: await encodePng(picture),
    map: map === undefined ? undefined : await encodePng(fitted(drawMap(picture, map))),
  }
}

/** A head that is not a global pool and one classifier has no maps. */
function noMap(error: unknown): undefined {
  if (!(error instanceof ArgumentError)) throw error
}

/** Made smaller where it is too large; where it is small, each pixel becomes a square of several. */
function fitted(picture: Picture): Picture {
  const { width, height } = picture
  const scale = drawnSide / Math.max(width, height)
  if (scale >= 1) return resize(picture, width * Math.floor(scale), height * Math.floor(scale), 'nearest')
  const side = (length: number) => Math.max(1, Math.round(length * scale))
  return resize(picture, side(width), side(height), 'bilinear')
}
