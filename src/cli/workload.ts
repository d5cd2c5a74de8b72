/** What `resnet bench` has an engine do: pictures through a network, or steps of its training, on first weights and noise. */
import { buildResNet } from '../architecture/build.ts'
import { buildTraining } from '../architecture/training.ts'
import { variantNamed } from '../architecture/variants.ts'
import type { Session, TensorMap } from '../engines/engine.ts'
import type { Graph } from '../graph/graph.ts'
import { firstWeights, initialised } from '../inference/first-weights.ts'
import { bindBatch, elements } from '../ops/shape.ts'

export const modes = ['inference', 'training'] as const

export type Mode = (typeof modes)[number]

export interface Workload {
  readonly states: TensorMap
  /** Graphs that a session runs. */
  readonly graphs: ReadonlyMap<string, Graph>
  /** The graph that the multiply-adds and the kernels' times are of, by its name. */
  readonly timed: string
  /** Made only once the engine has taken the graphs: it may say that the batch is too large. */
  inputs(): TensorMap
  /** One pass or one step. */
  run(session: Session, inputs: TensorMap, options: { readonly signal: AbortSignal }): Promise<unknown>
}

export function workload(arch: string, mode: Mode, batch: number): Promise<Workload> {
  return mode === 'inference' ? inference(arch, batch) : training(arch, batch)
}

async function inference(arch: string, batch: number): Promise<Workload> {
  const { config, tensors } = await firstWeights(arch, 0)
  const graph = buildResNet(config)
  return {
    states: tensors,
    graphs: new Map([['infer', graph]]),
    timed: 'infer',
    inputs: () => noise(graph, batch),
    run: (session, inputs, options) => session.run('infer', inputs, options),
  }
}

/** A step of one micro-batch: forward, loss, backward, and stochastic gradient descent with momentum. */
async function training(arch: string, batch: number): Promise<Workload> {
  const { config } = variantNamed(arch)
  const graphs = buildTraining(config)
  const settings = new Map(
    Object.entries({ 'rate/all': 0.01, 'decay/all': 5e-4, scale: 1, momentum: 0.9 }).map(([name, value]) => [
      name,
      Float32Array.of(value),
    ]),
  )
  return {
    states: await initialised(graphs, 0),
    graphs: new Map([
      ['first', graphs.first],
      ['update', graphs.update],
    ]),
    timed: 'first',
    inputs: () => new Map([...noise(graphs.first, batch), ...labels(config.classes, batch)]),
    async run(session, inputs, options) {
      await session.run('first', inputs, options)
      await session.run('update', settings, options)
    },
  }
}

/** A class for each image, and its share in the loss. */
function labels(classes: number, batch: number): TensorMap {
  const targets = new Float32Array(batch * classes)
  for (let image = 0; image < batch; image++) targets[image * classes + (image % classes)] = 1
  return new Map([
    ['targets', targets],
    ['weights', new Float32Array(batch).fill(1 / batch)],
  ])
}

/** Noise for each input: what it shows does not change the time. */
function noise(graph: Graph, batch: number): TensorMap {
  return new Map(
    [...graph.inputs.values()].map(({ name, shape }) => {
      const values = new Float32Array(elements(bindBatch(shape, batch)))
      for (let i = 0; i < values.length; i++) values[i] = ((i * 7919) % 1000) / 500 - 1
      return [name, values]
    }),
  )
}
