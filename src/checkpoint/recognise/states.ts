/** The tensors that a network needs: names and shapes of its parameters and buffers, in the order of the graph. */
import { buildResNet } from '../../architecture/build.ts'
import type { ResNetConfig } from '../../architecture/config.ts'

export type States = ReadonlyMap<string, readonly number[]>

/** Throws `ConfigError` for an impossible config. */
export function statesOf(config: ResNetConfig): States {
  const { states } = buildResNet(config)
  return new Map([...states].map(([name, { shape }]) => [name, shape.map(Number)]))
}

/** Whether two shapes are equal, trailing sizes of 1 aside: a linear layer [K, C] is a 1×1 convolution [K, C, 1, 1]. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  const length = Math.max(a.length, b.length)
  for (let axis = 0; axis < length; axis++) {
    if ((a[axis] ?? 1) !== (b[axis] ?? 1)) return false
  }
  return true
}

/** Whether two networks have the same tensors. */
export function sameStates(a: States, b: States): boolean {
  if (a.size !== b.size) return false
  for (const [name, shape] of a) {
    const other = b.get(name)
    if (other === undefined || !sameShape(shape, other)) return false
  }
  return true
}
