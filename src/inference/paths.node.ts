/** What a path names, in Node. */
import { realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { linesOf } from '../bounded/lines.node.ts'
import { CheckpointError, ResNetError } from '../errors.ts'
import { shellPath } from '../shell.ts'

export type PathKind = 'file' | 'folder' | 'missing'

/** Whether a path names a file (or something else that is no folder), a folder, or nothing. */
export async function pathKind(path: string): Promise<PathKind> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file'
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    // What cannot be looked at is opened all the same: that says why it cannot be read.
    return code === 'ENOENT' || code === 'ENOTDIR' ? 'missing' : 'file'
  }
}

/** One name for a file or folder, however it is named; a run's folder is the model that is taken from it. */
export async function oneNameOf(path: string): Promise<string> {
  const real = await realpath(path).catch(() => path)
  for (const file of Object.values(modelFiles)) {
    const model = join(real, file)
    if ((await pathKind(model)) === 'file') return realpath(model)
  }
  return real
}

/** The models in the folder of a training run. */
export const modelFiles = { best: 'best.safetensors', last: 'last.safetensors' } as const

export interface RunModel {
  readonly path: string
  /** What a person should know. */
  readonly notes: readonly string[]
}

/**
 * The model of a training run's folder, its best; undefined for any other folder.
 *
 * @throws CheckpointError for a run that has none yet.
 */
export async function runModel(folder: string): Promise<RunModel | undefined> {
  const events = join(folder, 'events.jsonl')
  const [hasBest, hasLast, hasEvents] = await Promise.all(
    [join(folder, modelFiles.best), join(folder, modelFiles.last), events].map(
      async (path) => (await pathKind(path)) === 'file',
    ),
  )
  if (!hasBest && !hasLast) {
    if (!hasEvents) return undefined
    throw new CheckpointError(
      `${folder}: its run has no model yet; go on with it to the end of an epoch: resnet train DATASET --out ${shellPath(folder)} --resume`,
    )
  }
  const state = hasEvents ? await stateOf(events) : 'over'
  const which = hasBest ? 'best' : 'last'
  return {
    path: join(folder, modelFiles[which]),
    notes: [
      ...(hasBest ? [] : [`${folder}: there is no ${modelFiles.best}; taking ${modelFiles.last}`]),
      ...(state === 'over' ? [] : [`${folder}: ${state}; this is its ${which} model so far`]),
    ],
  }
}

/** Whether the last thing that a run told is its end, other than by an interruption; else what is known of it. */
async function stateOf(events: string): Promise<string> {
  const running = 'its run has not ended'
  let state = running
  try {
    for await (const line of linesOf(events)) {
      if (line.indexOf('{"kind":"started"') === 0) state = running
      else if (line.indexOf('{"kind":"ended"') === 0)
        state = line.includes('"reason":"interrupted"') ? running : 'over'
    }
    return state
  } catch (error) {
    if (!(error instanceof ResNetError)) throw error
    return `whether its run has ended is not known (${error.message})`
  }
}
