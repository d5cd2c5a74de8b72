/** One answer for each file: a bad one becomes `{file, error}`, the others are answered, and the status is 2. */
import { ResNetError } from '../errors.ts'
import type { EncodedPicture } from '../images/picture.ts'
import type { Context } from './context.ts'
import { printError, tell } from './output.ts'
import { Progress } from './progress.ts'

export interface Failed {
  readonly file: string
  readonly error: string
}

/**
 * Answers picture by picture, with progress: the files that are named, and those in the folders and archives that are.
 * What went wrong is told on standard error too, unless the answer is JSON.
 */
export async function eachPicture<T>(
  paths: readonly string[],
  task: string,
  { signal, setStatus }: Context,
  one: (picture: EncodedPicture) => Promise<T>,
): Promise<readonly (T | Failed)[]> {
  const { listPictures } = await import('../datasets/open.ts')
  const { passedOverNotes } = await import('../datasets/passed-over.ts')
  const progress = new Progress({ task, unit: 'images' })
  const answers: (T | Failed)[] = []
  const attempt = async (file: string, work: () => Promise<T>) => {
    try {
      answers.push(await work())
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof ResNetError)) throw error
      answers.push({ file, error: error.message })
      setStatus(error.exitStatus)
    }
  }
  let total = paths.length
  for (const path of paths) {
    const list = await listPictures(path).catch((error: unknown) =>
      error instanceof ResNetError ? error : Promise.reject(error),
    )
    if (list instanceof ResNetError) {
      await attempt(path, () => Promise.reject(list))
      continue
    }
    total += list.pictures.length - 1
    for (const note of [...list.notes, ...passedOverNotes(list.passedOver)]) tell(`${path}: ${note}`)
    try {
      for (const { file, read } of list.pictures) {
        await attempt(file, async () => one({ file, bytes: await read() }))
        progress.update(answers.length, total)
      }
    } finally {
      await list.close()
    }
  }
  progress.end()
  return answers
}

/** Tells failures on standard error and keeps the rest. */
export function tellFailures<T extends object>(answers: readonly (T | Failed)[]): readonly T[] {
  return answers.filter((answer): answer is T => {
    if (!('error' in answer)) return true
    printError(String(answer.error))
    return false
  })
}
