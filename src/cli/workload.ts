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
  readonly inputs: TensorMap
  /** One pass or one step. */
  run(session: Session, options: { readonly signal: AbortSignal }): Promise<unknown>
}

export function workload(arch: string, mode: Mode, batch: number): Promise<Workload> {
  return mode === 'inference' ? inference(arch, batch) : training(arch, batch)
}

async function inference(arch: string, batch: number): Promise<Workload> {
  const { config, tensors } = await firstWeights(arch, 0)
  const graph = buildResNet(config)
  const inputs = noise(graph, batch)
  return {
    states: tensors,
    graphs: new Map([['infer', graph]]),
    timed: 'infer',
    inputs,
    run: (session, options) => session.run('infer', inputs, options),
  }
}

/** A step of one micro-batch: forward, loss, backward, and stochastic gradient descent with momentum. */
async function training(arch: string, batch: number): Promise<Workload> {
  const { config } = variantNamed(arch)
  const graphs = buildTraining(config)
  const targets = new Float32Array(batch * config.classes)
  for (let image = 0; image < batch; image++) targets[image * config.classes + (image % config.classes)] = 1
  const inputs = new Map([
    ...noise(graphs.first, batch),
    ['targets', targets] as const,
    ['weights', new Float32Array(batch).fill(1 / batch)] as const,
  ])
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
    inputs,
    async run(session, options) {
      await session.run('first', inputs, options)
      await session.run('update', settings, options)
    },
  }
}

/** Noise for each input: what it shows does not change the time. */
function noise(graph: Graph, batch: number): TensorMap {
  return new Map(
    [...graph.inputs.values()].map(({ name, shape }) => [
      name,
      Float32Array.from(
        { length: elements(bindBatch(shape, batch)) },
        (_, i) => ((i * 7919) % 1000) / 500 - 1,
      ),
    ]),
  )
}
