/** Threads in browsers: workers of the threads' program, which is a file beside the bundle or else text. */
import { threadText } from './generated/thread-text.ts'
import { hello } from './hello.ts'
import type { StartThread, ThreadMessage } from './thread.ts'

/** Threads that this machine runs at once; one where the browser does not tell. */
export function parallelism(): number {
  const told = navigator.hardwareConcurrency
  return Number.isInteger(told) && told > 0 ? told : 1
}

type Open = () => Worker

/** What was found out for each address of the program: a page's policy does not change. */
const found = new Map<string, Promise<StartThread | string>>()

/**
 * How threads are started, or why none can be. `program`: the address of the file `thread-program.browser.js`, where the
 * bundler did not see to that.
 */
export function threadStarter(program?: string | URL): Promise<StartThread | string> {
  const key = String(program ?? '')
  const starter = found.get(key) ?? findStarter(program)
  found.set(key, starter)
  return starter
}

async function findStarter(program: string | URL | undefined): Promise<StartThread | string> {
  if (typeof Worker === 'undefined') return 'a service worker and its like start no workers'
  const ways = program === undefined ? [ofFile, ofText] : [() => new Worker(program, { type: 'module' })]
  for (const open of ways) if (await answers(open)) return starterOf(open)
  return `no worker starts ${program === undefined ? 'here' : `from ${shortened(program)}`}: the page's policy forbids it, or the threads' program is not there (option threadProgram)`
}

/** Bundlers know this form, and take the file along. Where there are no modules, there is no address of this one. */
const ofFile: Open = () =>
  new Worker(new URL('./thread-program.browser.js', import.meta.url), { type: 'module' })

const ofText: Open = () => {
  const source = `${threadText}
onmessage = ({ data }) => {
  if (data === '${hello}') postMessage(data)
  else threadMain(data, (message) => postMessage(message))
}`
  const address = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }))
  try {
    return new Worker(trusted(address))
  } finally {
    URL.revokeObjectURL(address)
  }
}

/** The same address as pages demand it that take none for programs but from policies; this one is called `resnet-ts`. */
function trusted(address: string): string {
  policy ??= policyOf(Reflect.get(globalThis, 'trustedTypes'))
  return policy.createScriptURL(address)
}

/** A page lets a policy be made once. */
let policy: Policy | undefined

function policyOf(factory: unknown): Policy {
  const rules: Policy = { createScriptURL: (url) => url }
  return hasPolicies(factory) ? factory.createPolicy('resnet-ts', rules) : rules
}

interface Policy {
  createScriptURL(url: string): string
}

interface Policies {
  createPolicy(name: string, rules: Policy): Policy
}

function hasPolicies(value: unknown): value is Policies {
  return typeof value === 'object' && value !== null && 'createPolicy' in value
}

/** Milliseconds after which a worker that says nothing is given up. */
const patienceMs = 10_000

/** Whether a worker starts: a policy may forbid it, or its file be missing, and only its silence or an event tells. */
async function answers(open: Open): Promise<boolean> {
  try {
    const worker = open()
    const isThere = await new Promise<boolean>((resolve) => {
      worker.onmessage = () => resolve(true)
      worker.onerror = (event) => {
        event.preventDefault()
        resolve(false)
      }
      setTimeout(() => resolve(false), patienceMs)
      worker.postMessage(hello)
    })
    worker.terminate()
    return isThere
  } catch {
    return false
  }
}

function starterOf(open: Open): StartThread {
  return (data, answer) => {
    const worker = open()
    worker.onmessage = ({ data: message }: MessageEvent<ThreadMessage>) => answer(message)
    worker.onerror = ({ message }) => answer({ error: message ?? 'its program does not run' })
    worker.postMessage(data)
    return { terminate: async () => worker.terminate() }
  }
}

function shortened(address: string | URL): string {
  const text = String(address)
  return text.length > 200 ? `${text.slice(0, 60)}...` : text
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
