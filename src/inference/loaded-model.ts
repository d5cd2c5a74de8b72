/** A model that is ready to run: pictures in, classes or features out. */
import { buildResNet } from '../architecture/build.ts'
import { onlyColourOrGrey } from '../architecture/preprocessing.ts'
import { consistentModel } from '../checkpoint/consistent.ts'
import type { Model } from '../checkpoint/model.ts'
import type { Engine, EngineOptions, Session, TensorMap } from '../engines/engine.ts'
import { ArgumentError, EngineError } from '../errors.ts'
import type { Graph } from '../graph/graph.ts'
import type { PictureInput } from '../images/given.ts'
import type { Picture } from '../images/picture.ts'
import { allFinite } from '../ops/finite.ts'
import { type Answering, answeringOf } from './answering.ts'
import {
  type ActivationMap,
  evidenceFor,
  lastMapName,
  type MapCut,
  mapCutOf,
  shareOfGreatest,
} from './cam.ts'
import { type EvaluateOptions, type Evaluation, evaluate } from './evaluate.ts'
import { featuresName, featuresOf, stagesOf } from './features.ts'
import { pixelsSeen, prepare } from './pictures.ts'
import { bestClasses, labelOf, type Prediction, predictionsOf } from './predictions.ts'

export interface ClassifyOptions {
  /** How many classes to name, the best first; 5 without it. */
  readonly top?: number
  readonly signal?: AbortSignal
}

export interface EmbedOptions {
  /** Which stage's features; the last one's without it. */
  readonly stage?: number
  readonly signal?: AbortSignal
}

/** Which class's map is asked for. */
export interface ActivationMapOptions {
  /** Number or label of the class that is looked for; the best one without it. */
  readonly class?: number | string
  readonly signal?: AbortSignal
}

/** What `loadModel` answers. Calls may overlap: the engine runs them one after the other. */
export class LoadedModel {
  /** The network, its labels and preprocessing, where it comes from, and what a person should know of how it was read. */
  readonly model: Model
  readonly engine: string
  readonly #graph: Graph
  readonly #session: Session
  readonly #added = new Map<string, Promise<void>>()
  #mapCut: MapCut | undefined

  private constructor(model: Model, engine: string, graph: Graph, session: Session) {
    this.model = model
    this.engine = engine
    this.#graph = graph
    this.#session = session
  }

  /**
   * Opens a model on an engine. Its input has the size that its preprocessing cuts.
   *
   * @throws ConfigError where the parts of the model do not go together.
   */
  static async open(given: Model, engine: Engine, options: EngineOptions = {}): Promise<LoadedModel> {
    const model = consistentModel(given)
    const graph = buildResNet(model.config)
    return new LoadedModel(model, engine.name, graph, await engine.open(model.tensors, options))
  }

  /** What computes, for people: `relaxed SIMD, 2 threads`; where it is one thread for want of more, why. */
  get runsOn(): string {
    return this.#session.runsOn
  }

  /** Stages of the network: what `embed` can be asked for. */
  get stages(): number {
    return stagesOf(this.#graph)
  }

  /**
   * The best classes of a picture, the best first; of several pictures, one list for each.
   *
   * @throws ImageError for what is no picture; ArgumentError for a model without a classifier.
   */
  classify(picture: PictureInput, options?: ClassifyOptions): Promise<readonly Prediction[]>
  classify(
    pictures: readonly PictureInput[],
    options?: ClassifyOptions,
  ): Promise<readonly (readonly Prediction[])[]>
  async classify(
    given: PictureInput | readonly PictureInput[],
    options: ClassifyOptions = {},
  ): Promise<readonly Prediction[] | readonly (readonly Prediction[])[]> {
    const { top = 5 } = options
    if (!Number.isInteger(top) || top < 1)
      throw new ArgumentError(`top must be a whole number from 1, not ${top}`)
    const { labels, probabilities } = this.answering()
    const one = async (picture: PictureInput) => {
      const scores = await this.logitsOf(await this.prepare(picture), options.signal)
      return predictionsOf(probabilities(scores), labels, top)
    }
    return isList(given) ? inTurn(given, one) : one(given)
  }

  /**
   * The features of a picture: the map of a stage, averaged over its cells; of several pictures, one array for each.
   *
   * @throws ImageError for what is no picture; ArgumentError for a stage that the network does not have.
   */
  embed(picture: PictureInput, options?: EmbedOptions): Promise<Float32Array>
  embed(pictures: readonly PictureInput[], options?: EmbedOptions): Promise<readonly Float32Array[]>
  async embed(
    given: PictureInput | readonly PictureInput[],
    { stage = this.stages, signal }: EmbedOptions = {},
  ): Promise<Float32Array | readonly Float32Array[]> {
    const name = `stage ${stage}`
    await this.#add(name, () => featuresOf(this.#graph, stage))
    const one = (picture: PictureInput) => this.#run(name, featuresName, picture, signal)
    return isList(given) ? inTurn(given, one) : one(given)
  }

  /**
   * Where in a picture, as `seen` answers it, the network sees a class: `drawMap` draws it.
   *
   * @throws ImageError for what is no picture; ArgumentError for a class that the model does not have, and for a network
   * whose head is not a global average pool and one classifier.
   */
  async activationMap(
    picture: PictureInput,
    { class: wanted, signal }: ActivationMapOptions = {},
  ): Promise<ActivationMap> {
    const answering = this.answering()
    const { labels } = answering
    const given = wanted === undefined ? undefined : this.#classOf(wanted, answering)
    this.#mapCut ??= mapCutOf(this.#graph)
    const { graph, weight, width, height } = this.#mapCut
    await this.#add('activation map', () => graph)
    const outputs = await this.#runAll('activation map', await this.prepare(picture), signal)
    const probabilities = answering.probabilities(this.#output(outputs, 'logits'))
    const index = given ?? bestClasses(probabilities, 1)[0] ?? 0
    const weights = this.#weightsFor(index, this.model.tensors.get(weight.name) ?? new Float32Array())
    const evidence = evidenceFor(0, weights, this.#output(outputs, lastMapName), width * height)
    return {
      label: labelOf(labels, index),
      index,
      probability: probabilities[index] ?? 0,
      width,
      height,
      values: shareOfGreatest(evidence),
    }
  }

  /** A class's row of the classifier; what speaks against the only score of a network speaks for its first answer, no. */
  #weightsFor(index: number, weights: Float32Array): Float32Array {
    const { classes } = this.model.config
    if (classes === 1) return index === 0 ? weights.map((value) => -value) : weights
    const channels = weights.length / classes
    return weights.subarray(index * channels, (index + 1) * channels)
  }

  /**
   * What the scores mean: the classes and their probabilities.
   *
   * @throws ArgumentError for a model without a classifier.
   */
  answering(): Answering {
    return answeringOf(this.model)
  }

  /** The pixels of a picture that the network sees: resized and cut, before any arithmetic. */
  seen(picture: PictureInput): Promise<Picture> {
    return pixelsSeen(picture, this.model.preprocessing)
  }

  /**
   * How often the model is right on a dataset: a folder or a `.tar` of class folders.
   *
   * @throws DatasetError for what is no dataset, or where the model is one of other classes.
   */
  async evaluate(dataset: string, options: EvaluateOptions = {}): Promise<Evaluation> {
    this.#checkChannels()
    return evaluate(this, dataset, options)
  }

  /** A picture as the network sees it, `[1, C, H, W]`. */
  async prepare(picture: PictureInput): Promise<Float32Array> {
    this.#checkChannels()
    return prepare(picture, this.model.preprocessing)
  }

  /**
   * The scores `[1, classes]`, before softmax, of what `prepare` answered.
   *
   * @throws ArgumentError for a model without a classifier.
   */
  async logitsOf(image: Float32Array, signal?: AbortSignal): Promise<Float32Array> {
    this.answering()
    await this.#add('classify', () => this.#graph)
    return this.#runOn('classify', 'logits', image, signal)
  }

  /**
   * The scores `[batch, classes]`, before softmax, of images `[batch, C, H, W]`. All calls with one `batch` share one program.
   *
   * @throws ArgumentError for a model without a classifier.
   */
  async scoresOf(images: Float32Array, batch: number, signal?: AbortSignal): Promise<Float32Array> {
    this.answering()
    const name = `classify ${batch}`
    await this.#add(name, () => this.#graph, batch)
    return this.#runOn(name, 'logits', images, signal)
  }

  /** Gives back what the engine holds; the model cannot be run afterwards. */
  dispose(): Promise<void> {
    return this.#session.dispose()
  }

  /** Pictures cannot be fed to networks of other channels than theirs; arrays can. */
  #checkChannels(): void {
    const { name, config } = this.model
    if (config.inputChannels === 1 || config.inputChannels === 3) return
    throw new ArgumentError(`${name} reads ${config.inputChannels} channels. ${onlyColourOrGrey}`)
  }

  async #run(
    name: string,
    output: string,
    picture: PictureInput,
    signal: AbortSignal | undefined,
  ): Promise<Float32Array> {
    return this.#runOn(name, output, await this.prepare(picture), signal)
  }

  async #runOn(
    name: string,
    output: string,
    image: Float32Array,
    signal: AbortSignal | undefined,
  ): Promise<Float32Array> {
    return this.#output(await this.#runAll(name, image, signal), output)
  }

  #runAll(name: string, image: Float32Array, signal: AbortSignal | undefined): Promise<TensorMap> {
    return this.#session.run(name, new Map([['image', image]]), signal === undefined ? {} : { signal })
  }

  #output(outputs: TensorMap, output: string): Float32Array {
    const values = outputs.get(output)
    if (values === undefined) throw new EngineError(`${this.engine}: answered no ${output}`)
    if (!allFinite(values)) {
      throw new EngineError(
        `${this.model.name}: what it answers is no number (NaN or infinite), though all its weights are; inside it values grow beyond float32, as they do where it is another network (--arch) or fed otherwise (--mean, --std) than it was trained`,
      )
    }
    return values
  }

  /** The number of a class that is named or numbered. */
  #classOf(wanted: number | string, { labels, classes }: Answering): number {
    const index = typeof wanted === 'number' ? wanted : labels.indexOf(wanted)
    if (Number.isInteger(index) && index >= 0 && index < classes) return index
    throw new ArgumentError(
      typeof wanted === 'number'
        ? `class must be a whole number from 0 to ${classes - 1}, not ${wanted}`
        : `${this.model.name} has no class called "${wanted}"; give one of the model's labels or a number`,
    )
  }

  #add(name: string, graph: () => Graph, batch = 1): Promise<void> {
    const added = this.#added.get(name) ?? this.#session.add(name, graph(), { batch })
    this.#added.set(name, added)
    return added
  }
}

function isList(given: PictureInput | readonly PictureInput[]): given is readonly PictureInput[] {
  return Array.isArray(given)
}

async function inTurn<T, R>(items: readonly T[], one: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = []
  for (const item of items) results.push(await one(item))
  return results
}
