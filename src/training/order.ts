/** The order in which an epoch sees its pictures: a function of seed and epoch, so that a run can go on anywhere. */
import { hashName, randomBits } from '../ops/random-bits.ts'

/** A permutation of 0..count-1 (Fisher and Yates). */
export function epochOrder(count: number, seed: number, epoch: number): Uint32Array {
  const purpose = hashName('order of an epoch')
  const order = Uint32Array.from({ length: count }, (_, index) => index)
  for (let last = count - 1; last > 0; last--) {
    const other = randomBits(purpose, seed, epoch, last) % (last + 1)
    const kept = order[last] ?? 0
    order[last] = order[other] ?? 0
    order[other] = kept
  }
  return order
}

/**
 * The places of a step's pictures in the training set. Every step has a whole batch, since batch normalisation sees it:
 * the last one of an epoch is filled up from the epoch's beginning.
 */
export function stepIndices(order: Uint32Array, batch: number, stepOfEpoch: number): readonly number[] {
  return Array.from({ length: batch }, (_, i) => order[(stepOfEpoch * batch + i) % order.length] ?? 0)
}
