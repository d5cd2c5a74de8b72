/** A network in training: one session with the graphs of each phase, which takes steps and answers scores. */
import { buildResNet } from '../architecture/build.ts'
import type { ResNetConfig } from '../architecture/config.ts'
import { namesOf } from '../architecture/names.ts'
import type { Engine, Session, TensorMap } from '../engines/engine.ts'
import { EngineError } from '../errors.ts'
import type { Graph, StateValue } from '../graph/graph.ts'
import { initialise } from '../graph/initialise.ts'
import { beyond, select } from '../graph/select.ts'
import { withStates } from '../graph/states.ts'
import { allFinite } from '../ops/finite.ts'
import { elementsPerImage } from '../ops/shape.ts'
import type { Batch } from './batches.ts'
import { countCorrect } from './correct.ts'
import { notFinite, notFiniteAnswer } from './not-finite.ts'
import { optimiserInputs } from './optimiser.ts'
import { type Group, type Phase, phasesOf } from './phases.ts'
import type { Recipe } from './recipe.ts'
import { plainClassifier, type Scaling, standardiseClassifier } from './scaling.ts'
import { type Counting, countingMore, countsMore, weightOf } from './statistics.ts'

export interface LearnerOptions {
  readonly config: ResNetConfig
  readonly recipe: Recipe
  readonly seed: number
  readonly engine: Engine
  readonly threads?: number
  /** Images of a step. */
  readonly batch: number
  readonly stepsPerEpoch: number
  /** Whether it starts from another network: its phases are those of fine-tuning. */
  readonly fineTuning: boolean
  /** The value that steps begin at, where what comes before it is computed once (`frozenValue`): batches hold it as `image`. */
  readonly start: string | undefined
  /** Tensors to start from; the rest start from the seed. */
  readonly from: TensorMap | undefined
  /** All states of an interrupted run. */
  readonly resumed: TensorMap | undefined
}

export interface StepResult {
  readonly loss: number
  readonly correct: number
  readonly gradientNorm: number
}

/** Prefix of the states that hold moving averages. */
const averageOf = (name: string) => `average/${name}`

export class Learner {
  readonly #options: LearnerOptions
  readonly #phases: readonly Phase[]
  readonly #session: Session
  readonly #added = new Map<string, Promise<void>>()
  #scaling: Scaling | undefined

  private constructor(options: LearnerOptions, phases: readonly Phase[], session: Session) {
    this.#options = options
    this.#phases = phases
    this.#session = session
  }

  static async open(options: LearnerOptions): Promise<Learner> {
    const { config, recipe, seed, engine, threads, fineTuning, start, from, resumed } = options
    const phases = phasesOf(config, recipe, { fineTuning, start })
    const states = new Map(phases.flatMap(({ training }) => [...training.states]))
    for (const [name, state] of buildResNet(config).states) if (!states.has(name)) states.set(name, state)
    const first = new Map([...initialise({ states }, seed), ...(from ?? [])])
    // An average starts at what it averages.
    for (const name of states.keys()) {
      const value = first.get(name)
      if (value !== undefined && states.has(averageOf(name))) first.set(averageOf(name), value.slice())
    }
    const session = await engine.open(
      new Map([...first, ...(resumed ?? [])]),
      threads === undefined ? {} : { threads },
    )
    return new Learner(options, phases, session)
  }

  get runsOn(): string {
    return this.#session.runsOn
  }

  /** Single numbers that are trained in the last phase. */
  get trainedParameters(): number {
    const { states } = buildResNet(this.#options.config)
    const names = (this.#phases.at(-1)?.groups ?? []).flatMap(({ parameters }) => parameters)
    return names.reduce((sum, name) => sum + elementsPerImage(states.get(name)?.shape ?? [0]), 0)
  }

  phaseOf(epoch: number): Phase {
    const phase = this.#phases.find(({ from, to }) => epoch >= from && epoch < to) ?? this.#phases.at(-1)
    if (phase === undefined) throw new EngineError('the run has no epoch')
    return phase
  }

  /** Adds what the steps run from an epoch on: what is too large for the engine is said before a picture is read. */
  async prepare(epoch: number): Promise<void> {
    const { batch } = this.#options
    for (const phase of this.#phases.filter(({ to }) => to > epoch)) {
      await this.#addStep('first', phase)
      if (this.#micro < batch) await this.#addStep('next', phase)
      await this.#add(`update ${phase.name}`, () => phase.training.update, 1)
    }
  }

  /** Images of which the engine takes the gradients at once. */
  get #micro(): number {
    const { recipe, batch } = this.#options
    return recipe.microBatch === null ? batch : Math.min(recipe.microBatch, batch)
  }

  #addStep(name: 'first' | 'next', phase: Phase): Promise<void> {
    return this.#add(`${name} ${phase.name}`, () => phase.training[name], this.#micro)
  }

  /**
   * One step of the optimiser: gradients of the batch, micro-batch by micro-batch, then the update. Where a loss or a
   * gradient is not finite the network stays as it was.
   *
   * @throws TrainingError that names the step and the layer.
   */
  async step(
    batch: Batch,
    at: { readonly epoch: number; readonly step: number; readonly rate: number },
  ): Promise<StepResult> {
    const phase = this.phaseOf(at.epoch)
    const { batch: size, config, seed, stepsPerEpoch } = this.#options
    // A phase begins with a new optimiser: parameters that it trains first have none of the others' past.
    const stepOfPhase = at.step - phase.from * stepsPerEpoch
    if (stepOfPhase === 0 && phase.from > 0) await this.#forgetMoments(phase)
    const micro = this.#micro
    let [loss, correct, squared] = [0, 0, 0]
    for (let start = 0; start < size; start += micro) {
      const name = start === 0 ? 'first' : 'next'
      const inputs = microBatch(batch, { start, count: micro, size, seed, step: at.step })
      const graph = phase.training[name]
      await this.#addStep(name, phase)
      const needed = new Map([...inputs].filter(([input]) => graph.inputs.has(input)))
      const outputs = await this.#session.run(`${name} ${phase.name}`, needed)
      loss += outputs.get('loss')?.[0] ?? Number.NaN
      squared = outputs.get('squaredNorm')?.[0] ?? Number.NaN
      correct += countCorrect(outputs.get('logits'), inputs.get('targets'), config.classes)
      if (!Number.isFinite(loss) || !Number.isFinite(squared)) {
        throw await notFinite(this.#session, {
          config,
          phase,
          inputs,
          batch: micro,
          step: at.step + 1,
          loss,
          squared,
        })
      }
    }
    const update = { step: stepOfPhase, rate: at.rate, norm: Math.sqrt(squared) }
    const counting = this.#countingOf(phase, at.step, Math.ceil(size / micro))
    if (counting !== undefined && countsMore(counting))
      await countingMore(this.#session, counting, () => this.#update(phase, update))
    else await this.#update(phase, update)
    return { loss, correct, gradientNorm: Math.sqrt(squared) }
  }

  /** How a step's batches count in the running statistics; a model's own statistics go on as they are. */
  #countingOf({ training }: Phase, step: number, microBatches: number): Counting | undefined {
    const { config, recipe, fineTuning } = this.#options
    if (fineTuning) return undefined
    const names = [...training.states.keys()].filter((name) => training.states.has(`pending/${name}`))
    const keep = optimiserInputs(recipe, { step, norm: 1 }).get('keep') ?? 0
    return {
      names,
      step: step + 1,
      weight: weightOf(config, microBatches),
      average: recipe.average === null ? undefined : { nameOf: averageOf, keep },
    }
  }

  /** Scores [N, classes] of what steps read, by the network, or by its averages where the recipe averages. */
  async scores(image: Float32Array, batch: number, epoch: number): Promise<Float32Array> {
    const { config, start } = this.#options
    const phase = this.phaseOf(epoch)
    const graph = () => {
      const whole = averaged(buildResNet(config), phase)
      return start === undefined ? whole : beyond(whole, start, 'image')
    }
    return this.#run(`scores ${phase.name}`, {
      graph,
      output: 'logits',
      image,
      batch,
      when: `validation after epoch ${epoch + 1}`,
    })
  }

  /** What the frozen part answers for images [N, C, H, W]: what steps read. */
  async features(image: Float32Array, batch: number): Promise<Float32Array> {
    const { config, start = 'logits' } = this.#options
    const graph = () => select(buildResNet(config), [start])
    return this.#run('features', { graph, output: start, image, batch, when: 'features of the frozen part' })
  }

  /** The tensors of the frozen part, which decide what features are. */
  frozen(): Promise<TensorMap> {
    const { config, start = 'logits' } = this.#options
    return this.#session.readState([...select(buildResNet(config), [start]).states.keys()])
  }

  /** Bytes of a model file's tensors, and of a saved state's. */
  get bytes(): { readonly model: number; readonly state: number } {
    const { states } = buildResNet(this.#options.config)
    const all = new Map([...states, ...this.#phases.flatMap(({ training }) => [...training.states])])
    const sum = (names: Iterable<string>) =>
      [...names].reduce((bytes, name) => bytes + 4 * elementsPerImage(all.get(name)?.shape ?? [0]), 0)
    return { model: sum(states.keys()), state: sum(this.#saved) }
  }

  /**
   * Hears by what the features that the classifier reads are standardised. The classifier is turned into one of such
   * features, and `tensors` turns it back, so that models read features as they are.
   */
  async scaled(scaling: Scaling): Promise<void> {
    this.#scaling = scaling
    // An interrupted run's classifier has been turned already.
    if (this.#options.resumed !== undefined) return
    const { weight, bias } = this.#classifier
    const names = [weight, bias, averageOf(weight), averageOf(bias)].filter((name) => this.#states.has(name))
    const tensors = new Map(await this.#session.readState(names))
    standardiseClassifier(tensors, { weight, bias }, scaling)
    standardiseClassifier(tensors, { weight: averageOf(weight), bias: averageOf(bias) }, scaling)
    await this.#session.writeState(tensors)
  }

  /** The layer that reads the features: the classifier, or the first of the layers in front of it. */
  get #classifier(): { readonly weight: string; readonly bias: string } {
    const [reader = ''] = namesOf(this.#options.config).head
    return { weight: `${reader}.weight`, bias: `${reader}.bias` }
  }

  /** All states by name, those of the frozen part too. */
  get #states(): ReadonlySet<string> {
    return new Set([
      ...this.#phases.flatMap(({ training }) => [...training.states.keys()]),
      ...buildResNet(this.#options.config).states.keys(),
    ])
  }

  /** The network's tensors, averaged where the recipe averages: what a model file holds. */
  async tensors(epoch: number): Promise<TensorMap> {
    const { states } = this.phaseOf(epoch).training
    const names = [...buildResNet(this.#options.config).states.keys()]
    const source = (name: string) => (states.has(averageOf(name)) ? averageOf(name) : name)
    const read = await this.#session.readState(names.map(source))
    const tensors = new Map(names.map((name) => [name, read.get(source(name)) ?? new Float32Array()]))
    if (this.#scaling !== undefined) plainClassifier(tensors, this.#classifier, this.#scaling)
    return tensors
  }

  /** Everything that going on needs: gradients and pending statistics live within a step. */
  states(): Promise<TensorMap> {
    return this.#session.readState(this.#saved)
  }

  get #saved(): readonly string[] {
    return [...this.#states].filter((name) => !name.startsWith('gradient/') && !name.startsWith('pending/'))
  }

  close(): Promise<void> {
    return this.#session.dispose()
  }

  /** Takes what the first phase trains back to its first values by the seed, and the optimiser with it. */
  async beginAnew(): Promise<void> {
    const { config, seed } = this.#options
    const phase = this.phaseOf(0)
    const names = new Set(phase.groups.flatMap(({ parameters }) => parameters))
    const states = new Map([...buildResNet(config).states].filter(([name]) => names.has(name)))
    const first = new Map(initialise({ states }, seed))
    for (const [name, value] of [...first])
      if (phase.training.states.has(averageOf(name))) first.set(averageOf(name), value.slice())
    await this.#session.writeState(first)
    await this.#forgetMoments(phase)
  }

  async #forgetMoments({ training }: Phase): Promise<void> {
    const moments = [...training.states.values()].filter(({ name }) => /^(momentum|\w+Moment)\//.test(name))
    await this.#session.writeState(
      new Map(moments.map(({ name, shape }) => [name, new Float32Array(elementsPerImage(shape))])),
    )
  }

  async #update(
    phase: Phase,
    at: { readonly step: number; readonly rate: number; readonly norm: number },
  ): Promise<void> {
    const { recipe } = this.#options
    const graph = phase.training.update
    await this.#add(`update ${phase.name}`, () => graph, 1)
    const scalars = new Map<string, number>([
      ...optimiserInputs(recipe, at),
      ...phase.groups.flatMap((group) => groupInputs(group, recipe, at.rate)),
    ])
    const needed = [...scalars].filter(([name]) => graph.inputs.has(name))
    await this.#session.run(
      `update ${phase.name}`,
      new Map(needed.map(([name, value]) => [name, Float32Array.of(value)])),
    )
  }

  async #run(
    name: string,
    given: {
      readonly graph: () => Graph
      readonly output: string
      readonly image: Float32Array
      readonly batch: number
      /** What it is run for, for messages. */
      readonly when: string
    },
  ): Promise<Float32Array> {
    const { graph, output, image, batch, when } = given
    await this.#add(`${name} ${batch}`, graph, batch)
    const inputs = new Map([['image', image]])
    const outputs = await this.#session.run(`${name} ${batch}`, inputs)
    const answers = outputs.get(output) ?? new Float32Array()
    if (allFinite(answers)) return answers
    const { config } = this.#options
    throw await notFiniteAnswer(this.#session, { config, graph: graph(), inputs, batch, when })
  }

  #add(name: string, graph: () => Graph, batch: number): Promise<void> {
    const added = this.#added.get(name) ?? this.#session.add(name, graph(), { batch })
    this.#added.set(name, added)
    return added
  }
}

function groupInputs(group: Group, recipe: Recipe, rate: number): readonly (readonly [string, number])[] {
  return [
    [`rate/${group.name}`, rate * group.rate],
    [`decay/${group.name}`, group.decayed ? recipe.decay : 0],
  ]
}

/** The inference graph over the averages of a phase where there are some. */
function averaged(graph: Graph, { training }: Phase): Graph {
  const replaced = new Map<StateValue, StateValue>()
  for (const state of graph.states.values()) {
    const average = training.states.get(averageOf(state.name))
    if (average !== undefined) replaced.set(state, average)
  }
  return withStates(graph, replaced)
}

/** The rows of one micro-batch, with what random operations are keyed by. */
function microBatch(
  { image, targets, weights, teacher }: Batch,
  at: {
    readonly start: number
    readonly count: number
    readonly size: number
    readonly seed: number
    readonly step: number
  },
): ReadonlyMap<string, Float32Array> {
  const { start, count, size } = at
  const rows = (values: Float32Array) => {
    const row = values.length / size
    return count === size ? values : values.subarray(start * row, (start + count) * row)
  }
  return new Map([
    ['image', rows(image)],
    ['targets', rows(targets)],
    ['weights', rows(weights)],
    ['seed', Float32Array.of(at.seed, at.step)],
    ['imageIndex', Float32Array.from({ length: count }, (_, i) => start + i)],
    ...(teacher === undefined
      ? []
      : ([
          ['teacherTargets', rows(teacher.targets)],
          ['teacherWeights', rows(teacher.weights)],
        ] as const)),
  ])
}
