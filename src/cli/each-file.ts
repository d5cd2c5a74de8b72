/** One answer for each file: a bad one becomes `{file, error}`, the others are answered, and the status is 2. */
import { ResNetError } from '../errors.ts'
import type { Context } from './context.ts'
import { printError } from './output.ts'
import { Progress } from './progress.ts'

export interface Failed {
  readonly file: string
  readonly error: string
}

/** Answers file by file, with progress. What went wrong is told on standard error too, unless the answer is JSON. */
export async function eachFile<T>(
  files: readonly string[],
  task: string,
  { signal, setStatus }: Context,
  one: (file: string) => Promise<T>,
): Promise<readonly (T | Failed)[]> {
  const progress = new Progress({ task, unit: 'images' })
  const answers: (T | Failed)[] = []
  for (const file of files) {
    try {
      answers.push(await one(file))
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof ResNetError)) throw error
      answers.push({ file, error: error.message })
      setStatus(error.exitStatus)
    }
    progress.update(answers.length, files.length)
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
