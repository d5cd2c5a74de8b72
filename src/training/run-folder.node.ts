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
 *     features.safetensors features of the frozen part of the network, where there is one
 *     state.safetensors    all that going on needs: parameters, optimiser, averages, and the place in the run
 *
 * Files are written under other names first, flushed and renamed. The state says how long the two logs were when it was
 * saved, so that a run which goes on cuts off what was told after that and tells it again.
 */
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseJson } from '../checkpoint/formats/json.ts'
import type { Model } from '../checkpoint/model.ts'
import { saveFile } from '../checkpoint/save.node.ts'
import { saveModel } from '../checkpoint/save.ts'
import type { TensorMap } from '../engines/engine.ts'
import { ArgumentError, ResourceError, systemCode } from '../errors.ts'
import { readModel } from '../inference/load.ts'
import type { KeptEvent, RunSettings } from './events.ts'
import { parseSettings } from './settings.ts'
import { type LogLengths, readState, readTensors, stateFile, tensorFile } from './state-file.ts'
import type { Position, RunStore } from './store.ts'
import { tensorboardHeader, tensorboardRecords } from './tensorboard.ts'

const names = {
  config: 'config.json',
  events: 'events.jsonl',
  tensorboard: 'events.out.tfevents.resnet',
  preview: 'preview.png',
  report: 'report.html',
  features: 'features.safetensors',
  state: 'state.safetensors',
} as const

/**
 * Opens a run's folder to go on with the run in it, or for a new run, which makes it when it begins.
 *
 * @throws ArgumentError where there is no run to resume, or one that nobody asked to resume; CheckpointError where it is
 * damaged.
 */
export async function openRunFolder(
  path: string,
  { resume }: { readonly resume: boolean },
): Promise<RunStore> {
  // A run begins when its first state is saved; what lies there before that is of one that never did.
  const exists = await isThere(join(path, names.state))
  if (exists && !resume) {
    throw new ArgumentError(
      `${path}: there is a run in it already; go on with --resume, or name another folder with --out`,
    )
  }
  if (!exists && resume)
    throw new ArgumentError(`${path}: there is no run to resume; leave --resume out to begin one`)
  return exists ? RunFolder.resume(path) : new RunFolder(path)
}

class RunFolder implements RunStore {
  readonly path: string
  readonly resumed: RunStore['resumed']
  #events: Log | undefined
  #tensorboard: Log | undefined

  constructor(path: string, resumed?: RunStore['resumed']) {
    this.path = path
    this.resumed = resumed
  }

  static async resume(path: string): Promise<RunFolder> {
    const settings = parseSettings(
      parseJson(await readFile(join(path, names.config)), join(path, names.config)),
      join(path, names.config),
    )
    const { place, states } = await readState(join(path, names.state))
    const { position, logs } = place
    const best = join(path, 'best.safetensors')
    const bestTensors = position.best === null ? undefined : (await readModel(best)).tensors
    const folder = new RunFolder(path, { settings, run: { position, states, bestTensors } })
    await folder.#openLogs(logs)
    return folder
  }

  async begin(settings: RunSettings): Promise<void> {
    await mkdir(this.path, { recursive: true }).catch((error: unknown) => {
      throw new ResourceError(
        `${this.path}: the run's folder cannot be made (${systemCode(error) ?? error})`,
        {
          cause: error,
        },
      )
    })
    await rm(join(this.path, names.features), { force: true })
    await this.#openLogs({ events: 0, tensorboard: 0 })
    await this.#tensorboard?.write(tensorboardHeader(Date.now() / 1000))
    await this.#saveText(names.config, `${JSON.stringify(settings, null, 2)}\n`)
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
    for await (const line of createInterface({ input: createReadStream(path) }))
      yield parseJson(new TextEncoder().encode(line), path)
  }

  saveReport(page: string): Promise<void> {
    return this.#saveText(names.report, page)
  }

  async saveModel(which: 'last' | 'best', model: Model): Promise<void> {
    await saveModel(join(this.path, `${which}.safetensors`), model)
  }

  async save(position: Position, states: TensorMap): Promise<void> {
    const logs = {
      events: (await this.#events?.flush()) ?? 0,
      tensorboard: (await this.#tensorboard?.flush()) ?? 0,
    }
    await saveFile(join(this.path, names.state), stateFile({ position, logs }, states))
  }

  async saveFeatures(features: TensorMap): Promise<void> {
    await saveFile(join(this.path, names.features), tensorFile(features))
  }

  async readFeatures(): Promise<TensorMap | undefined> {
    const path = join(this.path, names.features)
    return (await isThere(path)) ? (await readTensors(path)).tensors : undefined
  }

  async close(): Promise<void> {
    await this.#events?.close()
    await this.#tensorboard?.close()
  }

  async #saveText(name: string, text: string): Promise<void> {
    await saveFile(join(this.path, name), [new TextEncoder().encode(text)])
  }

  async #openLogs(lengths: LogLengths): Promise<void> {
    this.#events = await Log.open(join(this.path, names.events), lengths.events)
    this.#tensorboard = await Log.open(join(this.path, names.tensorboard), lengths.tensorboard)
  }
}

/** A file that grows. */
class Log {
  readonly #path: string
  readonly #file: FileHandle
  #length: number

  private constructor(path: string, file: FileHandle, length: number) {
    this.#path = path
    this.#file = file
    this.#length = length
  }

  /** Opens the file and cuts it off after `length` bytes. */
  static async open(path: string, length: number): Promise<Log> {
    const file = await open(path, length === 0 ? 'w' : 'r+').catch((error: unknown) => failed(path, error))
    await file.truncate(length)
    return new Log(path, file, length)
  }

  async write(bytes: Uint8Array): Promise<void> {
    let written = 0
    while (written < bytes.length) {
      const { bytesWritten } = await this.#file
        .write(bytes, written, bytes.length - written, this.#length)
        .catch((error: unknown) => failed(this.#path, error))
      written += bytesWritten
      this.#length += bytesWritten
    }
  }

  /** Waits until the disk has it; answers its length. */
  async flush(): Promise<number> {
    await this.#file.sync().catch((error: unknown) => failed(this.#path, error))
    return this.#length
  }

  close(): Promise<void> {
    return this.#file.close()
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

function failed(path: string, error: unknown): never {
  throw new ResourceError(
    `${path}: cannot be written (${systemCode(error) ?? error}); the run goes on with --resume once there is space again`,
    { cause: error },
  )
}
