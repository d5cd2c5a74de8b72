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
  /** What it reads instead of some of the nodes' inputs: weights as they are packed. */
  readonly packed?: { readonly bytes: number; holds(value: GraphValue): boolean }
}

/**
 * Every value that comes in or goes out counts once and whole. Those that only go from one of the nodes to another stay
 * in registers, or in a scratch that no other kernel sees: they are not counted.
 */
export function timingOf({
  kernel,
  nodes,
  batch,
  milliseconds,
  numberBytes,
  packed,
}: TimedKernel): KernelTiming {
  const made = new Set<GraphValue>(nodes.flatMap(({ outputs }) => outputs))
  const read = new Set<GraphValue>(nodes.flatMap(({ inputs }) => inputs).filter((input) => !made.has(input)))
  const written = nodes.at(-1)?.outputs ?? []
  const moved = [...read, ...written].filter((value) => packed?.holds(value) !== true)
  const numbers = moved.reduce((sum, { shape }) => sum + elements(bindBatch(shape, batch)), 0)
  return {
    kernel,
    nodes: nodes.map(({ name }) => name),
    milliseconds,
    macs: batch * nodes.reduce((sum, node) => sum + macsOf(node), 0),
    bytes: numbers * numberBytes + (packed?.bytes ?? 0),
  }
}

function macsOf({ operation, attributes, inputs, outputs }: Node): number {
  const shapes = (values: readonly GraphValue[]) => values.map(({ shape }) => shape)
  return operation.macs?.(shapes(inputs), shapes(outputs), attributes) ?? 0
}
