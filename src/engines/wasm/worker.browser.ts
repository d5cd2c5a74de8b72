/** Threads in browsers: workers made of the thread's own text. */
import { type ThreadData, type ThreadMessage, threadMain } from './thread.ts'

export interface Thread {
  terminate(): void
}

/** Threads that this machine runs at once. */
export function parallelism(): number {
  return navigator.hardwareConcurrency
}

/** Starts a thread; `answer` gets its messages, and an error when it dies. */
export function startThread(data: ThreadData, answer: (message: ThreadMessage) => void): Thread {
  const source = `onmessage = ({ data }) => (${threadMain})(data, (message) => postMessage(message))`
  const address = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
  const worker = new Worker(address)
  URL.revokeObjectURL(address)
  worker.onmessage = ({ data: message }: MessageEvent<ThreadMessage>) => answer(message)
  worker.onerror = ({ message }) => answer({ error: message })
  worker.postMessage(data)
  return { terminate: () => worker.terminate() }
}

/** Nothing keeps a page alive but the page. */
export function keepAlive(): () => void {
  return () => undefined
}
