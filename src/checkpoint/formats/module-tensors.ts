/** The tensors of a `torch.nn.Module` that was pickled whole: its attributes, walked as `state_dict()` walks them. */
import { CheckpointError } from '../../errors.ts'
import { limits } from './limits.ts'
import { isKind } from './pickle-machine.ts'
import type { PickleValue } from './pickle-values.ts'

/**
 * Parameters and buffers by their full names, or `undefined` where `value` is not a module. Values that are not tensors
 * are kept, for the caller to judge. Throws `CheckpointError` where modules nest or multiply beyond the limits.
 */
export function moduleTensors(file: string, value: PickleValue): Map<string, PickleValue> | undefined {
  if (!isKind(value, 'inert') || !isKind(value.state, 'dict')) return undefined
  const entries = new Map<string, PickleValue>()
  let looked = 0
  const look = (depth: number) => {
    looked++
    if (depth > limits.depth || looked > limits.pickleValues) {
      throw new CheckpointError(`${file}: its modules nest or multiply without reason; the file is damaged`)
    }
  }
  const visit = (module: PickleValue, prefix: string, depth: number) => {
    const attributes =
      isKind(module, 'inert') && isKind(module.state, 'dict') ? module.state.entries : undefined
    for (const kind of ['_parameters', '_buffers', '_modules']) {
      for (const [name, value] of named(attributes?.get(kind))) {
        look(depth)
        if (kind === '_modules') visit(value, `${prefix}${name}.`, depth + 1)
        else if (value !== null) entries.set(prefix + name, value)
      }
    }
  }
  visit(value, '', 0)
  return entries
}

function named(value: PickleValue | undefined): [string, PickleValue][] {
  if (!isKind(value, 'dict')) return []
  return [...value.entries].flatMap(([key, entry]) => (typeof key === 'string' ? [[key, entry]] : []))
}
