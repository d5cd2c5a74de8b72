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

export interface EachOptions<T> {
  /** What is done, for people. */
  readonly task: string
  /** Takes each answer as it comes; where nobody does, the answers are JSON. */
  readonly show?: (answer: T) => void
}

/**
 * Answers picture by picture, with progress: the files that are named, and those in the folders and archives that are.
 * What went wrong is told on standard error too, unless the answer is JSON. Ctrl-C keeps what was answered until then.
 */
export async function eachPicture<T>(
  paths: readonly string[],
  { task, show }: EachOptions<T>,
  { signal, setStatus }: Context,
  one: (picture: EncodedPicture) => Promise<T>,
): Promise<readonly (T | Failed)[]> {
  const { listPictures } = await import('../datasets/open.ts')
  const { passedOverNotes } = await import('../datasets/passed-over.ts')
  const progress = new Progress({ task, unit: 'images' })
  const answers: (T | Failed)[] = []
  const attempt = async (file: string, work: () => Promise<T>) => {
    try {
      const answer = await until(signal, work())
      answers.push(answer)
      progress.end()
      show?.(answer)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof ResNetError)) throw error
      answers.push({ file, error: error.message })
      progress.end()
      if (show !== undefined) printError(error.message)
      setStatus(error.exitStatus)
    }
  }
  let total = paths.length
  const answerAll = async (path: string) => {
    const list = await listPictures(path).catch((error: unknown) =>
      error instanceof ResNetError ? error : Promise.reject(error),
    )
    if (list instanceof ResNetError) return attempt(path, () => Promise.reject(list))
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
  try {
    for (const path of paths) await answerAll(path)
  } catch (error) {
    if (!signal.aborted || answers.length === 0) throw error
    tell(`interrupted: ${answers.length} of ${total} pictures are answered`)
  }
  progress.end()
  return answers
}

/** The work's answer, which is not waited for once the signal fires. */
function until<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
