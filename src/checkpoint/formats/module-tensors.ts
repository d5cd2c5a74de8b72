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
  let visited = 0
  const visit = (module: PickleValue, prefix: string, depth: number) => {
    visited++
    if (depth > limits.depth || visited > limits.tensors || entries.size > limits.tensors) {
      throw new CheckpointError(`${file}: its modules nest or multiply beyond ${limits.tensors} of them`)
    }
    const attributes =
      isKind(module, 'inert') && isKind(module.state, 'dict') ? module.state.entries : undefined
    for (const kind of ['_parameters', '_buffers']) {
      for (const [name, tensor] of named(attributes?.get(kind))) {
        if (tensor !== null) entries.set(prefix + name, tensor)
      }
    }
    for (const [name, child] of named(attributes?.get('_modules'))) {
      if (child !== null) visit(child, `${prefix}${name}.`, depth + 1)
    }
  }
  visit(value, '', 0)
  return entries
}

function* named(value: PickleValue | undefined): Generator<[string, PickleValue]> {
  if (!isKind(value, 'dict')) return
  for (const [key, entry] of value.entries) if (typeof key === 'string') yield [key, entry]
}
