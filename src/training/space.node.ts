/** Whether a disk has space for what a run will leave: better said before hours of training than in the midst of them. */
import { stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { formatBytes } from '../analysis/format.ts'
import { ResourceError } from '../errors.ts'
import type { SpaceNeeded } from './store.ts'

/** The report, with its pictures. */
const reportBytes = 3e6

/** Throws `ResourceError` where the disk of the folder has too little space beside what the files there hold already. */
export async function checkSpace(
  folder: string,
  { model, state, features, logs }: SpaceNeeded,
  files: readonly string[],
): Promise<void> {
  const free = await freeBytes(resolve(folder))
  if (free === undefined) return
  const sizes = await Promise.all(files.map((name) => sizeOf(join(folder, name))))
  // A file is written anew beside the one that it replaces.
  const whole = 2 * model + state + Math.max(model, state) + features + logs + reportBytes
  const needed = whole - sizes.reduce((sum, size) => sum + size, 0)
  if (needed <= free) return
  const parts = [
    `two models of ${formatBytes(model)}`,
    `a state of ${formatBytes(state)}`,
    ...(features > 0 ? [`features of ${formatBytes(features)}`] : []),
    'and one of them twice while it is replaced',
  ]
  throw new ResourceError(
    `${folder}: the run needs about ${formatBytes(needed)} there (${parts.join(', ')}), and ${formatBytes(free)} are free; make room, or name a folder on another disk with --out`,
  )
}

/** Free bytes of the disk on which a folder lies or will lie; undefined where the system does not tell. */
async function freeBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize, blocks } = await statfs(folder)
    return blocks > 0 ? bavail * bsize : undefined
  } catch {
    const parent = dirname(folder)
    return parent === folder ? undefined : freeBytes(parent)
  }
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0
}
