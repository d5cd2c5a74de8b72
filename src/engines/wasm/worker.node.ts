/** Threads in Node: `worker_threads` that never keep the process alive. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { type ThreadData, type ThreadMessage, threadMain } from './thread.ts'

export interface Thread {
  terminate(): Promise<void>
}

/** Threads that this machine runs at once. */
export function parallelism(): number {
  return availableParallelism()
}

/** Starts a thread; `answer` gets its messages, and an error when it dies. */
export function startThread(data: ThreadData, answer: (message: ThreadMessage) => void): Thread {
  const source = `const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads');(${threadMain})(workerData, (message) => parentPort.postMessage(message))`
  // What the program itself was started with (modules to preload, the kind of its text) is nothing to a thread.
  const worker = new Worker(source, { eval: true, execArgv: [], workerData: data })
  worker.on('message', answer)
  worker.on('error', (error) => answer({ error: String(error) }))
  worker.on('exit', (code) => answer({ error: `it ended with code ${code}` }))
  worker.unref()
  return {
    async terminate() {
      await worker.terminate()
    },
  }
}

/** Keeps the process alive while something runs; answers how to let it go. */
export function keepAlive(): () => void {
  const timer = setInterval(() => undefined, 1 << 30)
  return () => clearInterval(timer)
}

/** Lets everything else that waits have its turn. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
