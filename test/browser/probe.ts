/**
 * What the test asks a page for: logits of a model file, losses of a training, and the main thread's long tasks while a
 * network runs.
 */
import {
  buildResNet,
  config,
  initialise,
  type LoadOptions,
  loadModel,
  train,
  trainingSetOf,
  wasmEngine,
  writeModel,
} from 'resnet-ts'
import { type Training, trainSteps } from './train-steps.ts'

export interface Answer {
  readonly runsOn: string
  readonly logits: readonly number[]
}

export interface Labelled {
  readonly label: string
  readonly address: string
}

export interface FineTuned {
  readonly losses: readonly number[]
  /** What the new model says of the unseen picture. */
  readonly answer: string
  /** Bytes of the new model's file. */
  readonly file: readonly number[]
}

export const probe = {
  /** The scores of a picture by a model file, both fetched from the server. */
  async logits(model: string, picture: string, options: LoadOptions = {}): Promise<Answer> {
    const bytes = async (address: string) => (await fetch(address)).arrayBuffer()
    const loaded = await loadModel(await bytes(model), options)
    const logits = await loaded.logitsOf(await loaded.prepare(await bytes(picture)))
    const { runsOn } = loaded
    await loaded.dispose()
    return { runsOn, logits: [...logits] }
  },

  /** What an engine says that cannot be opened. */
  async refusal(model: string): Promise<string> {
    try {
      await loadModel(await (await fetch(model)).arrayBuffer())
      return 'it opened'
    } catch (error) {
      return String(error)
    }
  },

  /** Where the shipped model, which lies beside the bundle, sees its best class in a picture. */
  async shippedMap(picture: string): Promise<{ readonly index: number; readonly values: readonly number[] }> {
    const loaded = await loadModel('cifar10-resnet20')
    const { index, values } = await loaded.activationMap(await (await fetch(picture)).arrayBuffer())
    await loaded.dispose()
    return { index, values: [...values] }
  },

  /** The losses of a few steps of training. */
  train(steps: number): Promise<Training> {
    return trainSteps(steps)
  },

  /** Adapts a model file to labelled pictures, classifies one that it has not seen, and answers the new model's file. */
  async fineTune(model: string, pictures: readonly Labelled[], unseen: string): Promise<FineTuned> {
    const bytes = async (address: string) => new Uint8Array(await (await fetch(address)).arrayBuffer())
    const labelled = pictures.map(async ({ label, address }) => ({ label, picture: await bytes(address) }))
    const data = trainingSetOf('colours', await Promise.all(labelled), { seed: 1, validation: 0.25 })
    const changes = { epochs: 6, batch: 9, 'fineTuning.headEpochs': 2 }
    const losses: number[] = []
    for await (const event of train({ data, from: await bytes(model), recipe: 'fine-tune', changes })) {
      if (event.kind === 'epoch') losses.push(event.train.loss)
      if (event.kind !== 'ended') continue
      const file = new Blob(await chunksOf(writeModel(event.model)))
      const loaded = await loadModel(file)
      const [best] = await loaded.classify(await bytes(unseen), { top: 1 })
      await loaded.dispose()
      return { losses, answer: best?.label ?? '', file: [...new Uint8Array(await file.arrayBuffer())] }
    }
    throw new Error('the training has no end')
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

async function chunksOf(chunks: AsyncIterable<Uint8Array>): Promise<BlobPart[]> {
  const parts: BlobPart[] = []
  for await (const chunk of chunks) parts.push(new Uint8Array(chunk))
  return parts
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
