/** A graph made ready: phases that all threads go through together, each taking its share of a phase's units. */
import { type DescriptorName, descriptors, type Field } from './descriptors.ts'
import type { Heap } from './memory.ts'

/** One kernel over one descriptor. */
export interface Phase {
  readonly kernel: string
  readonly descriptor: number
  readonly units: number
  /** Shares are multiples of this. */
  readonly grain: number
  /** Names of the graph's nodes that it covers. */
  readonly nodes: readonly string[]
  /** Bytes that it moves and no value of the graph tells of: weights that were packed before, a copy of another layout. */
  readonly packedBytes?: number | undefined
}

/** Writes a descriptor and answers its address; fields that are not given are 0. */
export function writeDescriptor<D extends DescriptorName>(
  heap: Heap,
  descriptor: D,
  fields: Readonly<Partial<Record<Field<D>, number>>>,
): number {
  const names: readonly Field<D>[] = descriptors[descriptor]
  return heap.writeIntegers(names.map((name) => fields[name] ?? 0))
}

/** Bits of a single-precision number, as a descriptor keeps it. */
export function bitsOf(value: number): number {
  return new Int32Array(Float32Array.of(value).buffer)[0] ?? 0
}
