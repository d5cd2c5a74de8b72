/** A session's state: tensors by name, each of a fixed size, copied on their way in and out. */
import { EngineError } from '../errors.ts'
import type { TensorMap } from './engine.ts'

/** Tensors by name that can be read. */
export interface ReadableState {
  get(name: string): Float32Array | undefined
  keys(): Iterable<string>
}

/** And written, those that are there. */
export interface WritableState extends ReadableState {
  set(name: string, values: Float32Array): unknown
}

/** @throws EngineError for a name that the state lacks. */
export function readTensors(state: ReadableState, names: Iterable<string> = state.keys()): TensorMap {
  return new Map([...names].map((name) => [name, tensorNamed(state, name).slice()]))
}

/**
 * Takes all of the tensors or none.
 *
 * @throws EngineError for a name that the state lacks, or a tensor of another size.
 */
export function writeTensors(state: WritableState, tensors: TensorMap): void {
  for (const [name, values] of tensors) {
    const size = tensorNamed(state, name).length
    if (values.length !== size)
      throw new EngineError(`state "${name}" has ${size} elements, not ${values.length}`)
  }
  for (const [name, values] of tensors) state.set(name, values.slice())
}

function tensorNamed(state: ReadableState, name: string): Float32Array {
  const values = state.get(name)
  if (values === undefined) throw new EngineError(`the session has no state named "${name}"`)
  return values
}
