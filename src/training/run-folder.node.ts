/**
 * A run's folder:
 *
 *     config.json          settings: data, network, recipe, seed
 *     events.jsonl         what `train()` told, one JSON object a line
 *     events.out.tfevents* the same for TensorBoard
 *     preview.png          augmented training pictures, where they were asked for
 *     last.safetensors     the model of the last whole epoch
 *     best.safetensors     the best model so far
 *     report.html          the report, once the run has ended or was interrupted
 *     features.bin         features of the frozen part of the network, where there is one
 *     state.safetensors    all that going on needs: parameters, optimiser, averages, and the place in the run
 *     run.lock             the process that works in the folder
 *     events.damaged.jsonl damaged lines of the events, where there were some
 *
 * Files are written under other names first, flushed and renamed. The state says how long the two logs were when it was
 * saved, so that a run which goes on cuts off what was told after that and tells it again.
 */
import { readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { linesOf } from '../bounded/lines.node.ts'
import { parseJson } from '../checkpoint/formats/json.ts'
import type { Model } from '../checkpoint/model.ts'
import { saveFile } from '../checkpoint/save.node.ts'
import { saveModel } from '../checkpoint/save.ts'
import { checkFolder, makeFolder, refused } from '../disk.node.ts'
import type { TensorMap } from '../engines/engine.ts'
import { ArgumentError, CheckpointError, ResNetError, systemCode } from '../errors.ts'
import { readModel } from '../inference/load.ts'
import { modelFiles } from '../inference/paths.node.ts'
import { shellPath } from '../shell.ts'
import type { KeptEvent, RunSettings } from './events.ts'
import { FeatureFile } from './feature-file.node.ts'
import { RunLock } from './run-lock.node.ts'
import { eventIn, Log, mendEvents, mendRecords } from './run-log.node.ts'
import { parseSettings } from './settings.ts'
import { checkSpace } from './space.node.ts'
import { type LogLengths, readState, stateFile } from './state-file.ts'
import type { KeptFeatures, Position, RowsOfFeatures, RunStore, SpaceNeeded } from './store.ts'
import { tensorboardHeader, tensorboardRecords } from './tensorboard.ts'

const names = {
  config: 'config.json',
  events: 'events.jsonl',
  damaged: 'events.damaged.jsonl',
  tensorboard: 'events.out.tfevents.resnet',
  preview: 'preview.png',
  report: 'report.html',
  features: 'features.bin',
  state: 'state.safetensors',
} as const

/**
 * Opens a run's folder to go on with the run in it, or for a new run, which makes it when it begins. No other process may
 * work in it meanwhile.
 *
 * @throws ArgumentError where there is a run that nobody asked to go on with; CheckpointError where it is damaged;
 * ResourceError where another process works in it.
 */
export async function openRunFolder(
  path: string,
  { resume }: { readonly resume: boolean },
): Promise<RunStore> {
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) {
    await checkFolder(path)
    return new RunFolder(path)
  }
  if (!found.isDirectory())
    throw new ArgumentError(`${path}: is a file; name a folder for the run with --out`)
  const lock = await RunLock.take(path)
  try {
    return resume ? await RunFolder.resume(path, lock) : await RunFolder.over(path, lock)
  } catch (error) {
    await lock.release()
    throw error
  }
}

class RunFolder implements RunStore {
  readonly path: string
  readonly before: RunStore['before']
  readonly #notes: string[]
  #lock: RunLock | undefined
  #events: Log | undefined
  #tensorboard: Log | undefined

  constructor(path: string, found?: { readonly lock: RunLock; readonly before: RunStore['before'] }) {
    this.path = path
    this.#lock = found?.lock
    this.before = found?.before
    this.#notes = [...(found?.lock.notes ?? [])]
  }

  get notes(): readonly string[] {
    return this.#notes
  }

  /** For a new run, in a folder that may hold one that never began: a run begins when its first state is saved. */
  static async over(path: string, lock: RunLock): Promise<RunFolder> {
    if (await isThere(join(path, names.state))) {
      throw new ArgumentError(
        `${path}: holds a run already; continue it with --resume, or choose another folder with --out`,
      )
    }
    return new RunFolder(path, { lock, before: undefined })
  }

  static async resume(path: string, lock: RunLock): Promise<RunFolder> {
    await removeLeftovers(path)
    const config = join(path, names.config)
    if (!(await isThere(join(path, names.state)))) {
      const settings = await readSettings(config).catch(() => undefined)
      const before = settings === undefined ? undefined : { settings, saved: undefined }
      return new RunFolder(path, { lock, before })
    }
    const folder = shellPath(path)
    const settings = await neededFor(folder, () => readSettings(config))
    const { place, states } = await neededFor(folder, () => readState(join(path, names.state)))
    const { position, logs } = place
    const best = join(path, modelFiles.best)
    const bestTensors =
      position.best === null ? undefined : (await neededFor(folder, () => readModel(best))).tensors
    const run = new RunFolder(path, { lock, before: { settings, saved: { position, states, bestTensors } } })
    await run.#goOn(logs, position)
    return run
  }

  /** Brings the logs to where they were when the state was saved. */
  async #goOn(logs: LogLengths, { step, epoch }: Position): Promise<void> {
    const path = join(this.path, names.events)
    const aside = join(this.path, names.damaged)
    const saved = { length: logs.events, step, epoch }
    const events = await neededFor(shellPath(this.path), () => mendEvents(path, aside, saved))
    const tensorboard = await mendRecords(join(this.path, names.tensorboard), logs.tensorboard)
    this.#notes.push(...events.notes, ...tensorboard.notes)
    await this.#openLogs({ events: events.length, tensorboard: tensorboard.length })
  }

  async begin(settings: RunSettings): Promise<void> {
    await makeFolder(this.path).catch((error: unknown) => {
      throw refused(this.path, error)
    })
    if (this.#lock === undefined) {
      this.#lock = await RunLock.take(this.path)
      // Another process may have been quicker, and be gone again.
      await RunFolder.over(this.path, this.#lock)
    }
    await this.#openLogs({ events: 0, tensorboard: 0 })
    await this.saveSettings(settings)
  }

  saveSettings(settings: RunSettings): Promise<void> {
    return this.#saveText(names.config, `${JSON.stringify(settings, null, 2)}\n`)
  }

  async append(event: KeptEvent): Promise<void> {
    await this.#events?.write(new TextEncoder().encode(`${JSON.stringify(event)}\n`))
    await this.#tensorboard?.write(tensorboardRecords(event, Date.now() / 1000))
  }

  async savePreview(png: Uint8Array): Promise<string> {
    const path = join(this.path, names.preview)
    await saveFile(path, [png])
    return path
  }

  async *events(): AsyncGenerator<unknown, void, undefined> {
    const path = join(this.path, names.events)
    for await (const line of linesOf(path)) {
      const event = eventIn(line)
      if (event !== undefined) yield event
    }
  }

  saveReport(page: string): Promise<void> {
    return this.#saveText(names.report, page)
  }

  async saveModel(which: 'last' | 'best', model: Model): Promise<void> {
    await this.#lock?.check()
    await saveModel(join(this.path, modelFiles[which]), model)
  }

  async save(position: Position, states: TensorMap): Promise<void> {
    await this.#lock?.check()
    const logs = {
      events: (await this.#events?.flush()) ?? 0,
      tensorboard: (await this.#tensorboard?.flush()) ?? 0,
    }
    await saveFile(join(this.path, names.state), stateFile({ position, logs }, states))
  }

  openFeatures(of: RowsOfFeatures): Promise<KeptFeatures> {
    return FeatureFile.open(join(this.path, names.features), of)
  }

  checkSpace(needed: SpaceNeeded): Promise<void> {
    const { best, last } = modelFiles
    return checkSpace(this.path, needed, [best, last, names.state, names.features, names.events])
  }

  async close(): Promise<void> {
    await this.#events?.close()
    await this.#tensorboard?.close()
    await this.#lock?.release()
  }

  async #saveText(name: string, text: string): Promise<void> {
    await saveFile(join(this.path, name), [new TextEncoder().encode(text)])
  }

  async #openLogs(lengths: LogLengths): Promise<void> {
    this.#events = await Log.open(join(this.path, names.events), lengths.events)
    this.#tensorboard = await Log.open(join(this.path, names.tensorboard), lengths.tensorboard)
    if (lengths.tensorboard === 0) await this.#tensorboard.write(tensorboardHeader(Date.now() / 1000))
  }
}

async function readSettings(path: string): Promise<RunSettings> {
  const bytes = await readFile(path).catch((error: unknown) => {
    throw new CheckpointError(`${path}: cannot be read (${systemCode(error) ?? error})`, { cause: error })
  })
  return parseSettings(parseJson(bytes, path), path)
}

/** Reads what a run cannot go on without; where it is damaged the models are still there. */
async function neededFor<T>(folder: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof ResNetError)) throw error
    throw new CheckpointError(
      `${error.message}; the run cannot go on without it, but another can begin from its model: --from ${folder}`,
      { cause: error },
    )
  }
}

/** Removes files that a killed process had not written to their end. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (/\.[0-9a-f]{8}\.part$/.test(name)) await rm(join(folder, name), { force: true })
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}
