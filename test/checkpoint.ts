/** Checkpoints in memory for tests: names and shapes, with values made when they are asked for. */
import type { Checkpoint } from '../src/checkpoint/checkpoint.ts'

/** A checkpoint of tensors with these names and shapes; `value` gives the values of a tensor, zeros if left out. */
export function checkpointOf(
  shapes: Iterable<readonly [string, readonly number[]]>,
  changes: Partial<Checkpoint> & { readonly value?: (name: string, index: number) => number } = {},
): Checkpoint {
  const { value = () => 0, ...rest } = changes
  return {
    format: 'safetensors',
    name: 'test.safetensors',
    metadata: new Map(),
    notes: [],
    async close() {},
    tensors: new Map(
      [...shapes].map(([name, shape]) => [
        name,
        {
          name,
          type: 'F32',
          shape,
          async read() {
            const length = shape.reduce((product, size) => product * size, 1)
            return Float32Array.from({ length }, (_, index) => value(name, index))
          },
        },
      ]),
    ),
    ...rest,
  }
}
