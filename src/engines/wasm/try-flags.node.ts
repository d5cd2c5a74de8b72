/**
 * Tries V8's flags in a process of its own, so that one which V8 does not survive harms nobody. The answer is kept in the
 * cache, since it is the same for the same V8, processor and package.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { cacheFolder } from '../../cache-folder.node.ts'
import { makeFolderSync } from '../../disk.node.ts'

/** Addresses are taken when they are asked for: some bundles have none. */
const trial = () => new URL('./simd-trial.node.js', import.meta.url)
const manifest = () => new URL('../../../package.json', import.meta.url)

/** A trial takes a second; one that hangs is a no. */
const longestMs = 30_000

/** Whether V8 runs the widest kernels with these flags, and runs them right. */
export function flagsWork(flags: readonly string[]): boolean {
  const kept = answerFile(flags)
  const known = readAnswer(kept)
  if (known !== undefined) return known === 'right'
  const answer = tryOut(flags)
  keep(kept, answer)
  return answer === 'right'
}

type Answer = 'right' | 'wrong'

function tryOut(flags: readonly string[]): Answer {
  const program = trialPath()
  if (program === undefined) return 'wrong'
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...flags], {
    encoding: 'utf8',
    timeout: longestMs,
    // What this process was started with is nothing to the trial: it might be a debugger, or a module to preload.
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  // V8 goes on without a flag that it does not know; the kernels would then be right, and slow.
  const known = !stderr?.includes('unrecognized flag')
  return status === 0 && stdout === 'right' && known ? 'right' : 'wrong'
}

function trialPath(): string | undefined {
  try {
    return fileURLToPath(trial())
  } catch {
    return undefined
  }
}

/** The file of the cache in which the answer stands: its name follows from all that the answer depends on. */
function answerFile(flags: readonly string[]): string | undefined {
  try {
    const { node, v8 } = process.versions
    const key = [node, v8, process.arch, cpus()[0]?.model, readFileSync(manifest(), 'utf8'), flags]
    const hash = createHash('sha256').update(JSON.stringify(key)).digest('hex').slice(0, 16)
    return join(cacheFolder(), 'simd', hash)
  } catch {
    return undefined
  }
}

function readAnswer(path: string | undefined): Answer | undefined {
  if (path === undefined) return undefined
  try {
    const text = readFileSync(path, 'utf8')
    return text === 'right' || text === 'wrong' ? text : undefined
  } catch {
    return undefined
  }
}

/** An answer that cannot be kept is found out again the next time. */
function keep(path: string | undefined, answer: Answer): void {
  if (path === undefined) return
  try {
    makeFolderSync(dirname(path))
    writeFileSync(`${path}.${process.pid}`, answer)
    renameSync(`${path}.${process.pid}`, path)
  } catch {
    // A cache that cannot be written is none.
  }
}
