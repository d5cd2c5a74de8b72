/**
 * The training loop: epochs of steps, evaluation, and saving, told as events. A run is a function of its settings and its
 * seed: order, augmentation and random operations depend on epoch and step alone, so that one which goes on from a saved
 * state ends as if it had never stopped.
 */
import { encodePng } from '#platform/images/encode'
import { totalsOf } from '../analysis/summary.ts'
import { buildResNet } from '../architecture/build.ts'
import type { Model } from '../checkpoint/model.ts'
import type { TensorMap } from '../engines/engine.ts'
import { DatasetError } from '../errors.ts'
import type { Counts } from '../inference/tally.ts'
import { elements } from '../ops/shape.ts'
import type { EpochFigures } from '../plots/curves.ts'
import type { Batch } from './batches.ts'
import { type Answer, choose, type RefinedLoss, refinedLoss, tellingPictures } from './choice.ts'
import type { Ended, EpochEnded, KeptEnd, Noted, Saved, Started, Stepped, TrainingEvent } from './events.ts'
import { estimate, hasFolds } from './folds.ts'
import { frozenValue } from './frozen.ts'
import { judge } from './judge.ts'
import { checkFinite } from './not-finite.ts'
import { type PreparedRun, prepareRun, type TrainOptions } from './prepare.ts'
import { previewOf } from './preview.ts'
import type { Judgement } from './report/data.ts'
import { historyOf } from './report/history.ts'
import { saveReport } from './report/save.ts'
import { rateShare } from './schedule.ts'
import { Speed } from './speed.ts'
import { type Position, type RunStore, startPosition } from './store.ts'
import { trainedModel } from './trained-model.ts'
import { validate } from './validate.ts'
import { verdictOf, warningsOf } from './verdict.ts'

/**
 * Trains a network, from scratch or from a model, and tells what happens as it happens; the last event carries the best
 * model. Leaving the loop ends the run; aborting `signal` ends it after the step that is under way, saved where there is a
 * folder for it.
 *
 * @throws DatasetError, ConfigError, ArgumentError for what it cannot be trained on or with; TrainingError where a loss or a
 * gradient is no longer finite; ResourceError where the disk does not take what is saved.
 */
export async function* train(options: TrainOptions): AsyncGenerator<TrainingEvent, void, undefined> {
  const run = await prepareRun(options)
  try {
    yield* new Loop(run, options).events()
  } finally {
    await run.close()
  }
}

class Loop {
  readonly #run: PreparedRun
  readonly #signal: AbortSignal | undefined
  readonly #preview: boolean | 'only'
  readonly #saveEverySeconds: number
  /** The dataset's path, where it has one. */
  readonly #data: string | undefined
  readonly #speed = new Speed()
  #position: Position
  #best: TensorMap | undefined
  /** All epochs so far, those before an interruption too. */
  readonly #epochs: EpochFigures[] = []
  #isPrepared = false
  /** Models that no file holds yet. */
  #unsaved: { readonly last: Model; readonly best: Model | undefined } | undefined
  #lastSave = performance.now()
  /** Milliseconds that the last save took. */
  #saveCost = 0

  constructor(run: PreparedRun, { data, signal, preview = false, saveEverySeconds = 120 }: TrainOptions) {
    this.#run = run
    this.#signal = signal
    this.#preview = preview
    this.#saveEverySeconds = saveEverySeconds
    this.#data = typeof data === 'string' ? data : undefined
    this.#position = run.saved?.position ?? startPosition
    this.#best = run.saved?.bestTensors
  }

  async *events(): AsyncGenerator<TrainingEvent, void, undefined> {
    const { settings, saved, store } = this.#run
    const { recipe } = settings
    if (saved !== undefined && store !== undefined)
      this.#epochs.push(...(await historyOf(store.events())).epochs)
    yield* this.#tell(this.#started())
    for (const text of [...this.#run.set.notes, ...this.#run.notes]) yield* this.#tell({ kind: 'note', text })
    if (this.#preview !== false) yield* this.#tell(await this.#savePreview())
    if (this.#preview === 'only') return
    yield* this.#prepare()
    let reason = this.#firstReason
    while (this.#position.epoch < recipe.epochs && reason === 'finished') {
      yield* this.#epoch()
      if (this.#stopped && !this.#epochIsOver) {
        reason = 'interrupted'
        break
      }
      const ended = await this.#endEpoch()
      this.#epochs.push(ended)
      yield* this.#tell(ended)
      for (const { text } of warningsOf({ settings, epochs: this.#epochs }))
        yield* this.#tell({ kind: 'note', text })
      if (this.#saveIsWorthIt) yield await this.#save()
      if (this.#isOutOfPatience) reason = 'early'
      else if (this.#stopped && this.#position.epoch < recipe.epochs) reason = 'interrupted'
    }
    // What is not prepared is not saved: a run that goes on prepares it, and must begin where a whole run does.
    if ((reason === 'interrupted' && this.#isPrepared) || this.#unsaved !== undefined)
      yield await this.#save()
    yield* this.#end(reason)
  }

  /** What is computed once, before the first step; saved, so that a run which goes on need not do it again. */
  async *#prepare(): AsyncGenerator<TrainingEvent, void, undefined> {
    let prepared = false
    for await (const event of this.#run.inputs.prepare(this.#signal)) {
      yield* this.#tellNews()
      prepared = true
      yield event
    }
    this.#isPrepared = !prepared || !this.#stopped
    if (prepared && this.#isPrepared) yield await this.#save()
  }

  /** A run that ended early, and is resumed, ends at once; so does one that is stopped before its first step. */
  get #firstReason(): Ended['reason'] {
    if (this.#stopped) return 'interrupted'
    return this.#isOutOfPatience ? 'early' : 'finished'
  }

  get #stopped(): boolean {
    return this.#signal?.aborted === true
  }

  get #isOutOfPatience(): boolean {
    const { patience } = this.#run.settings.recipe
    return patience !== null && this.#position.sinceBest >= patience
  }

  get #stepOfEpoch(): number {
    return this.#position.step - this.#position.epoch * this.#run.stepsPerEpoch
  }

  get #epochIsOver(): boolean {
    return this.#stepOfEpoch >= this.#run.stepsPerEpoch
  }

  /** The steps of an epoch that are left; fewer where the run is told to stop. */
  async *#epoch(): AsyncGenerator<TrainingEvent, void, undefined> {
    const { batches, stepsPerEpoch } = this.#run
    const { epoch } = this.#position
    this.#speed.restart()
    let next = this.#epochIsOver ? undefined : batches.prepare(epoch, this.#stepOfEpoch)
    while (next !== undefined && !this.#stopped) {
      const batch = await batches.distilled(await next)
      // The pictures of the following step are read and augmented while this one is computed.
      const following = this.#stepOfEpoch + 1
      next = following < stepsPerEpoch ? batches.prepare(epoch, following) : undefined
      // Its failure is met where it is awaited, not while the step runs.
      next?.catch(() => undefined)
      const event = await this.#step(batch)
      yield* this.#tellNews()
      yield* this.#tell(event)
      if (performance.now() - this.#lastSave > this.#saveEverySeconds * 1000) yield await this.#save()
    }
  }

  async #step(batch: Batch): Promise<Stepped> {
    const { learner, settings, stepsPerEpoch, batch: images } = this.#run
    const { recipe } = settings
    const { step, epoch, sums } = this.#position
    const steps = recipe.epochs * stepsPerEpoch
    const rate = recipe.rate * rateShare(recipe, { step, stepsPerEpoch, steps })
    const { loss, correct, gradientNorm } = await learner.step(batch, { epoch, step, rate })
    const seconds = this.#speed.add(images)
    this.#position = {
      ...this.#position,
      step: step + 1,
      sums: {
        loss: sums.loss + loss * images,
        correct: sums.correct + correct,
        images: sums.images + images,
      },
      epochSeconds: this.#position.epochSeconds + seconds,
      seconds: this.#position.seconds + seconds,
    }
    const { imagesPerSecond } = this.#speed
    const secondsLeft = ((steps - step - 1) * images) / imagesPerSecond
    const accuracy = correct / images
    const where = { step: step + 1, epoch: epoch + 1 }
    return {
      kind: 'step',
      ...where,
      loss,
      accuracy,
      rate,
      gradientNorm,
      images,
      imagesPerSecond,
      secondsLeft,
    }
  }

  /** Judges the network on the validation pictures, and keeps it where it is the best so far. */
  async #endEpoch(): Promise<EpochEnded> {
    const { learner, settings, stepsPerEpoch, set } = this.#run
    const { epoch, step, sums, epochSeconds, best, least } = this.#position
    const tensors = await learner.tensors(epoch)
    checkFinite(tensors, step)
    const val = set.val.length > 0 ? await this.#validate(epoch) : undefined
    if (val === undefined) await this.#tryOut(epoch)
    const loss = sums.loss / sums.images
    const { top1 = null, refined = null } = val ?? {}
    const { kept, better } =
      val === undefined || best === null ? { kept: true, better: true } : choose(val, { best, least })
    if (kept) this.#best = tensors
    this.#position = {
      ...this.#position,
      epoch: epoch + 1,
      sums: startPosition.sums,
      epochSeconds: 0,
      best: kept
        ? { epoch: epoch + 1, loss: val?.loss ?? loss, top1, refinedLoss: refined?.loss ?? null }
        : best,
      least: better ? refined : least,
      sinceBest: better ? 0 : this.#position.sinceBest + 1,
    }
    const model = trainedModel(settings, tensors, this.#position)
    this.#unsaved = { last: model, best: kept ? model : this.#unsaved?.best }
    const steps = settings.recipe.epochs * stepsPerEpoch
    return {
      kind: 'epoch',
      epoch: epoch + 1,
      step,
      rate: settings.recipe.rate * rateShare(settings.recipe, { step: step - 1, stepsPerEpoch, steps }),
      train: { loss, accuracy: sums.correct / sums.images },
      ...(val === undefined
        ? {}
        : { val: { images: val.images, loss: val.loss, top1: val.top1, top5: val.top5 } }),
      best: kept,
      seconds: epochSeconds,
      imagesPerSecond: sums.images / epochSeconds,
    }
  }

  async #validate(epoch: number): Promise<Counts & { readonly refined: RefinedLoss | null }> {
    const { learner, set, inputs, settings } = this.#run
    const answers: Answer[] = []
    const counts = await validate({
      items: set.val,
      classes: settings.classes,
      values: elements(inputs.shape),
      write: (place, to) => inputs.validation(place, to),
      scores: (image, batch) => learner.scores(image, batch, epoch),
      onAnswer: (item, scores) => {
        if (set.val.length < tellingPictures) answers.push({ truth: item.class, scores: scores.slice() })
      },
    })
    if (counts.images === 0)
      throw new DatasetError(`${set.name}: none of the ${set.val.length} validation pictures can be read`)
    return { ...counts, refined: answers.length > 0 ? refinedLoss(answers) : null }
  }

  /** Without validation pictures: whether the network answers at all, before it is saved. */
  async #tryOut(epoch: number): Promise<void> {
    const { learner, inputs } = this.#run
    const image = new Float32Array(elements(inputs.shape))
    await inputs.training(0, epoch, image)
    await learner.scores(image, 1, epoch)
  }

  /** What reading pictures has brought to light. */
  async *#tellNews(): AsyncGenerator<TrainingEvent, void, undefined> {
    for (const news of this.#run.news()) yield* this.#tell(news)
  }

  /** The end: the best model is judged, and the run's folder gets its report. */
  async *#end(reason: Ended['reason']): AsyncGenerator<TrainingEvent, void, undefined> {
    const { settings, learner, set, store } = this.#run
    const { epoch, step, seconds, best } = this.#position
    const tensors = this.#best ?? (await learner.tensors(Math.max(0, epoch - 1)))
    const model = trainedModel(settings, tensors, this.#position)
    // The validation pictures have been judged by; that they are once more is for the report alone.
    const isAsked = reason !== 'interrupted' && (set.test.length > 0 || store !== undefined)
    const judgement = isAsked ? await judge(this.#run, model) : undefined
    yield* this.#tellNews()
    const isUnjudged = reason !== 'interrupted' && judgement === undefined
    const folds = isUnjudged && hasFolds(settings, set) ? await estimate(this.#run, this.#signal) : undefined
    const ended: KeptEnd = {
      kind: 'ended',
      reason,
      epochs: epoch,
      steps: step,
      seconds,
      best,
      ...(judgement?.on === 'test' ? { test: judgement.counts } : {}),
      ...(folds === undefined ? {} : { estimate: folds }),
      verdict: verdictOf({ settings, epochs: this.#epochs, judgement, estimate: folds }),
    }
    await store?.append(ended)
    const failure = store === undefined ? undefined : await this.#report(store, ended, judgement)
    yield { ...ended, ...(failure === undefined ? {} : { reportError: failure }), model }
  }

  /** Answers why there is no report where it cannot be made: a page about a result is no reason to lose it. */
  async #report(
    store: RunStore,
    ended: KeptEnd,
    judgement: Judgement | undefined,
  ): Promise<string | undefined> {
    const started = this.#started()
    const { dataset, sources } = started.settings
    const places = { folder: store.path, data: this.#data ?? dataset.name, ...sources }
    try {
      await saveReport(store, { started, places, ended, judgement })
      return undefined
    } catch (error) {
      return error instanceof Error ? error.message : String(error)
    }
  }

  /** Saving after each epoch takes a fiftieth of the time at most, where a large network's epochs are short. */
  get #saveIsWorthIt(): boolean {
    return performance.now() - this.#lastSave >= 50 * this.#saveCost
  }

  async #save(): Promise<Saved> {
    const { store, learner } = this.#run
    const began = performance.now()
    if (store !== undefined) {
      const { last, best } = this.#unsaved ?? {}
      if (last !== undefined) await store.saveModel('last', last)
      if (best !== undefined) await store.saveModel('best', best)
      const states = await learner.states()
      checkFinite(states, this.#position.step)
      await store.save(this.#position, states)
    }
    this.#unsaved = undefined
    this.#lastSave = performance.now()
    this.#saveCost = this.#lastSave - began
    this.#speed.restart()
    return { kind: 'saved', step: this.#position.step }
  }

  async #savePreview(): Promise<Noted> {
    const { settings, set, decoded, pictures, store } = this.#run
    const { preprocessing, recipe } = settings
    const kept = frozenValue(settings) === undefined ? recipe.epochs : recipe.fineTuning.copies
    const of = { items: set.train, decoded, pictures, preprocessing, epochs: Math.min(recipe.epochs, kept) }
    const { sheet, classes, epochs } = await previewOf(of)
    const path = await store?.savePreview(await encodePng(sheet))
    const { mixup, cutMix } = recipe.augmentation
    const mixed =
      mixup === null && cutMix === null ? '' : '; the recipe also mixes pictures, which it does not show'
    const names = classes.map((index) => settings.classes[index] ?? index).join(', ')
    const shown = epochs === 1 ? 'every epoch has' : `epochs 1 to ${epochs} have`
    const text = `${path}: in each row a training picture without augmentation, then as ${shown} it${mixed}; the rows are ${names}`
    return { kind: 'note', text }
  }

  async *#tell(event: Exclude<TrainingEvent, Ended>): AsyncGenerator<TrainingEvent, void, undefined> {
    await this.#run.store?.append(event)
    yield event
  }

  #started(): Started {
    const { settings, learner, set, stepsPerEpoch } = this.#run
    const { parameters, macs } = totalsOf(buildResNet(settings.config))
    const trained = learner.trainedParameters
    const resumedAt = this.#position.step
    return {
      kind: 'started',
      settings,
      parameters,
      trained,
      macs,
      stepsPerEpoch,
      runsOn: learner.runsOn,
      resumedAt,
      passedOver: set.passedOver,
    }
  }
}
