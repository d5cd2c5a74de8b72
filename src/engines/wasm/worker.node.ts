/** Threads in Node: `worker_threads` that never keep the process alive. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { threadText } from './generated/thread-text.ts'
import { processorLimit } from './processor-limit.node.ts'
import type { StartThread, ThreadData, ThreadMessage } from './thread.ts'

/** Threads that this machine runs at once: its processors, or as much of them as a container may use. */
export function parallelism(): number {
  return Math.min(availableParallelism(), processorLimit())
}

/** How threads are started, or why none can be. Their program is text, which every bundle of the package has. */
export async function threadStarter(_program?: string | URL): Promise<StartThread | string> {
  return startThread
}

const source = `${threadText}
const { parentPort, workerData } = process.getBuiltinModule('node:worker_threads')
threadMain(workerData, (message) => parentPort.postMessage(message))`

const startThread: StartThread = (data: ThreadData, answer: (message: ThreadMessage) => void) => {
  // What the program itself was started with (modules to preload, the kind of its text) is nothing to a thread.
  const worker = new Worker(source, { eval: true, execArgv: [], workerData: data })
  let ending: Promise<unknown> | undefined
  /** What happens to a thread that is being ended is no news. */
  const died = (error: string) => {
    if (ending === undefined) answer({ error })
  }
  worker.on('message', answer)
  worker.on('error', (error) => died(isRefusal(error) ? refused : String(error)))
  worker.on('exit', (code) => died(`it ended with code ${code}`))
  worker.unref()
  return {
    async terminate() {
      ending ??= worker.terminate()
      await ending
    },
  }
}

const refused = 'the system starts no more threads; take fewer, or raise its limit of processes'

function isRefusal(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_INIT_FAILED'
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
