/** Threads in browsers: workers made of the thread's own text. */
import { type ThreadData, type ThreadMessage, threadMain } from './thread.ts'

export interface Thread {
  terminate(): Promise<void>
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
  return { terminate: async () => worker.terminate() }
}

/** Nothing keeps a page alive but the page. */
export function keepAlive(): () => void {
  return () => undefined
}

/** Lets everything else that waits have its turn; timers would wait for four milliseconds. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}
