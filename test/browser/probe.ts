/** What the test asks a page for: logits of a model file, and the main thread's long tasks while a network runs. */
import { buildResNet, config, initialise, loadModel, wasmEngine } from 'resnet-ts'

export interface Answer {
  readonly runsOn: string
  readonly logits: readonly number[]
}

export interface Responsiveness {
  readonly runsOn: string
  /** Milliseconds of a run, the median. */
  readonly runMs: number
  /** Durations of tasks over 50 ms on the main thread. */
  readonly longTasks: readonly number[]
  /** The same while weights are packed and the first run is made. */
  readonly longTasksBefore: readonly number[]
}

export const probe = {
  /** The scores of a picture by a model file, both fetched from the server. */
  async logits(model: string, picture: string): Promise<Answer> {
    const bytes = async (address: string) => (await fetch(address)).arrayBuffer()
    const loaded = await loadModel(await bytes(model))
    const logits = await loaded.logitsOf(await loaded.prepare(await bytes(picture)))
    const { runsOn } = loaded
    await loaded.dispose()
    return { runsOn, logits: [...logits] }
  },

  /** Runs a network at 224×224 on its first weights. */
  async responsiveness(arch: string, runs: number): Promise<Responsiveness> {
    const graph = buildResNet(config(arch))
    const state = initialise(graph, 1)
    const image = new Map([['image', new Float32Array(3 * 224 * 224).fill(0.5)]])
    const { result: session, longTasks: longTasksBefore } = await watched(async () => {
      const opened = await wasmEngine.open(state)
      await pause()
      await opened.add('infer', graph, { batch: 1 })
      await opened.run('infer', image)
      return opened
    })
    const { result: times, longTasks } = await watched(async () => {
      const taken: number[] = []
      for (let run = 0; run < runs; run++) {
        const start = performance.now()
        await session.run('infer', image)
        taken.push(performance.now() - start)
      }
      return taken.sort((a, b) => a - b)
    })
    const { runsOn } = session
    await session.dispose()
    return { runsOn, runMs: times[runs >> 1] ?? 0, longTasks, longTasksBefore }
  },

  /** How the observer of long tasks answers to one: that it sees any at all. */
  async busyFor(ms: number): Promise<readonly number[]> {
    const { longTasks } = await watched(async () => {
      const start = performance.now()
      while (performance.now() - start < ms);
    })
    return longTasks
  },
}

async function watched<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly longTasks: readonly number[] }> {
  const longTasks: number[] = []
  const take = (entries: PerformanceEntryList) => longTasks.push(...entries.map(({ duration }) => duration))
  const observer = new PerformanceObserver((list) => take(list.getEntries()))
  await pause()
  observer.observe({ type: 'longtask' })
  const result = await work()
  await pause()
  take(observer.takeRecords())
  observer.disconnect()
  return { result, longTasks }
}

/** What was noticed of a task is told some time after it; and what a compiler's answer calls is not noticed at all. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 200)
  })
}

Object.assign(globalThis, { probe })
