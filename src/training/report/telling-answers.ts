/**
 * The answers that tell most of a network: those that it is surest of and yet wrong about; where it errs nowhere, right ones
 * of which it is least sure. With pictures of what it saw and where.
 */
import { encodePng } from '#platform/images/encode'
import type { DatasetItem } from '../../datasets/dataset.ts'
import { ArgumentError } from '../../errors.ts'
import type { Picture } from '../../images/picture.ts'
import { resize } from '../../images/resize.ts'
import { drawMap } from '../../inference/draw-map.ts'
import type { LoadedModel } from '../../inference/loaded-model.ts'
import { bestClasses, labelOf, softmax } from '../../inference/predictions.ts'
import type { Pictures } from '../pictures.ts'
import type { Answer, Judgement } from './data.ts'

/** So many are shown: they fill rows of two, three and four. */
const shownAnswers = 12

/** Longer side of a drawn picture at most: two dozen of them stay under 2 MB however they are compressed. */
const drawnSide = 144

interface Given {
  readonly item: DatasetItem
  readonly answer: number
  readonly probability: number
  readonly truthProbability: number
}

/** Listens to answers, and keeps those that tell most. */
export class TellingAnswers {
  readonly #mistakes = new First((a, b) => b.probability - a.probability)
  readonly #leastSure = new First((a, b) => a.probability - b.probability)
  /** For the probabilities of one answer after the other. */
  #room = new Float64Array()

  add(item: DatasetItem, logits: ArrayLike<number>): void {
    if (this.#room.length !== logits.length) this.#room = new Float64Array(logits.length)
    const probabilities = softmax(logits, this.#room)
    const [answer = 0] = bestClasses(probabilities, 1)
    const probability = probabilities[answer] ?? 0
    const truthProbability = probabilities[item.class] ?? 0
    const kept = answer === item.class ? this.#leastSure : this.#mistakes
    kept.add({ item, answer, probability, truthProbability })
  }

  /** What the network saw, and the class activation maps of what it answered. */
  async draw(loaded: LoadedModel, pictures: Pictures): Promise<Pick<Judgement, 'mistakes' | 'leastSure'>> {
    const mistakes = await drawnAll(this.#mistakes.list, pictures, loaded)
    const leastSure = mistakes.length > 0 ? [] : await drawnAll(this.#leastSure.list, pictures, loaded)
    return { mistakes, leastSure }
  }
}

/** The first few answers by an order. */
class First {
  readonly #order: (a: Given, b: Given) => number
  #kept: readonly Given[] = []

  constructor(order: (a: Given, b: Given) => number) {
    this.#order = order
  }

  add(given: Given): void {
    const last = this.#kept[shownAnswers - 1]
    if (last !== undefined && this.#order(last, given) <= 0) return
    this.#kept = [...this.#kept, given].toSorted(this.#order).slice(0, shownAnswers)
  }

  get list(): readonly Given[] {
    return this.#kept
  }
}

async function drawnAll(
  answers: readonly Given[],
  pictures: Pictures,
  loaded: LoadedModel,
): Promise<readonly Answer[]> {
  const all: Answer[] = []
  for (const given of answers) {
    const picture = await pictures.get(given.item)
    if (picture !== undefined) all.push(await drawn(given, picture, loaded))
  }
  return all
}

async function drawn(given: Given, decoded: Picture, loaded: LoadedModel): Promise<Answer> {
  const { item, answer, probability, truthProbability } = given
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
