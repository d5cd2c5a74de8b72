/**
 * What the test asks a page for: logits of a model file, losses of a training, and the main thread's long tasks while a
 * network runs.
 */
import { buildResNet, config, initialise, loadModel, wasmEngine } from 'resnet-ts'
import { type Training, trainSteps } from './train-steps.ts'

export interface Answer {
  readonly runsOn: string
  readonly logits: readonly number[]
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

  /** The losses of a few steps of training. */
  train(steps: number): Promise<Training> {
    return trainSteps(steps)
  },

  /** Milliseconds of the long tasks while a network runs at 224×224 on its first weights, after a first run. */
  async longTasksOf(arch: string, runs: number): Promise<readonly number[]> {
    const graph = buildResNet(config(arch))
    const session = await wasmEngine.open(initialise(graph, 1))
    const image = new Map([['image', new Float32Array(3 * 224 * 224).fill(0.5)]])
    await session.add('infer', graph, { batch: 1 })
    await session.run('infer', image)
    const longTasks = await longTasksDuring(async () => {
      for (let run = 0; run < runs; run++) await session.run('infer', image)
    })
    await session.dispose()
    return longTasks
  },

  /** The same of a task that takes as long as that: whether any is seen at all. */
  busyFor(ms: number): Promise<readonly number[]> {
    return longTasksDuring(async () => {
      const start = performance.now()
      while (performance.now() - start < ms);
    })
  },
}

/** Milliseconds of the tasks over 50 ms on the main thread. */
async function longTasksDuring(work: () => Promise<void>): Promise<readonly number[]> {
  const longTasks: number[] = []
  const take = (entries: PerformanceEntryList) => longTasks.push(...entries.map(({ duration }) => duration))
  const observer = new PerformanceObserver((list) => take(list.getEntries()))
  await pause()
  observer.observe({ type: 'longtask' })
  await work()
  await pause()
  take(observer.takeRecords())
  observer.disconnect()
  return longTasks
}

/** What was noticed of a task is told some time after it. */
function pause(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 200)
  })
}

Object.assign(globalThis, { probe })
