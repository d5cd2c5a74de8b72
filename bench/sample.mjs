// One sample: a fresh process that measures and ends. What it says is read from its standard output; how long it took as a
// whole and the most memory that it held are taken from outside.
import { spawn } from 'node:child_process'

const memoryWatch = new URL('./peak-memory.mjs', import.meta.url).href
const limitSeconds = 180

/** The command of a Node process that tells the most memory it held, on its fourth file. */
export function nodeCommand(node, script, args) {
  return [node, '--import', memoryWatch, script, ...args]
}

/** Runs a command; throws with the last line of its errors where it fails, or where it takes longer than the limit. */
export async function runSample([program, ...args]) {
  const start = performance.now()
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    timeout: limitSeconds * 1000,
  })
  const [stdout, stderr, memory] = [1, 2, 3].map((file) => collect(child.stdio[file]))
  const [status, signal] = await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (...how) => resolve(how))
  })
  const seconds = (performance.now() - start) / 1000
  if (status !== 0 && seconds >= limitSeconds) throw new Error(`not done after ${limitSeconds} s`)
  if (status !== 0) throw new Error(lastLine(stderr()) || `ended by ${signal ?? `status ${status}`}`)
  return { output: stdout(), seconds, peakBytes: Number(memory()) }
}

function collect(stream) {
  let text = ''
  stream.setEncoding('utf8').on('data', (part) => {
    text += part
  })
  return () => text
}

function lastLine(text) {
  return text.trimEnd().split('\n').at(-1) ?? ''
}
