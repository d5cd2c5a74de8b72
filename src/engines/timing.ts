/** What a kernel that covers some nodes did: time, multiply-adds, and the bytes that had to come and go. */
import type { GraphValue, Node } from '../graph/graph.ts'
import { bindBatch, elements } from '../ops/shape.ts'
import type { KernelTiming } from './engine.ts'

interface TimedKernel {
  readonly kernel: string
  readonly nodes: readonly Node[]
  readonly batch: number
  readonly milliseconds: number
  /** Bytes of one number in this engine. */
  readonly numberBytes: number
  /** Whether it does the nodes' multiply-adds, or only prepares them. */
  readonly computes?: boolean
}

/** Values that only go from one of the nodes to another stay in registers: they are not counted. */
export function timingOf({
  kernel,
  nodes,
  batch,
  milliseconds,
  numberBytes,
  computes = true,
}: TimedKernel): KernelTiming {
  const made = new Set<GraphValue>(nodes.flatMap(({ outputs }) => outputs))
  const read = new Set<GraphValue>(nodes.flatMap(({ inputs }) => inputs).filter((input) => !made.has(input)))
  const written = nodes.at(-1)?.outputs ?? []
  const numbers = [...read, ...written].reduce((sum, { shape }) => sum + elements(bindBatch(shape, batch)), 0)
  const macs = computes ? nodes.reduce((sum, node) => sum + macsOf(node), 0) : 0
  return {
    kernel,
    nodes: nodes.map(({ name }) => name),
    milliseconds,
    macs: macs * batch,
    bytes: numbers * numberBytes,
  }
}

function macsOf({ operation, attributes, inputs, outputs }: Node): number {
  const shapes = (values: readonly GraphValue[]) => values.map(({ shape }) => shape)
  return operation.macs?.(shapes(inputs), shapes(outputs), attributes) ?? 0
}
