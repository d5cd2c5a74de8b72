/** The weights among a file's tensors: counters and fixed filters are none, and a weight in two factors is one. */
import type { Checkpoint, StoredTensor } from '../checkpoint.ts'
import type { Stored } from './trunks.ts'

export interface Weights {
  /** By name, without what wrappers put in the middle of names. */
  readonly stored: Stored
  /** Names of stored blur filters. */
  readonly blurs: readonly string[]
  /** Wrappers that were taken out of names. */
  readonly wrappers: readonly string[]
}

const counters = /(^|\.)(num_batches_tracked|n_averaged)$/
const filters = /(^|\.)filt$/
/** What `torch.compile`, fully sharded and checkpointed training put into names, in front or in the middle. */
const wrappers = /(^|\.)(_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)(?=\.)/g

export function weightsOf({ tensors }: Checkpoint): Weights {
  const stored = new Map<string, StoredTensor>()
  const blurs: string[] = []
  const found = new Set<string>()
  for (const [from, tensor] of tensors) {
    if (filters.test(from)) blurs.push(from)
    if (counters.test(from) || filters.test(from)) continue
    for (const [, , wrapper = ''] of from.matchAll(wrappers)) found.add(`${wrapper}.`)
    stored.set(from.replace(wrappers, '').replace(/^\./, ''), tensor)
  }
  return { stored: joined(stored), blurs, wrappers: [...found] }
}

/** Weight normalisation keeps length and direction of each row: `weight_g` and `weight_v`. */
const factors = [
  { length: '.weight_g', direction: '.weight_v' },
  { length: '.parametrizations.weight.original0', direction: '.parametrizations.weight.original1' },
]

function joined(stored: ReadonlyMap<string, StoredTensor>): Stored {
  const result = new Map<string, StoredTensor>()
  for (const [name, tensor] of stored) {
    const pair = factors.find(({ length, direction }) => name.endsWith(length) || name.endsWith(direction))
    const layer =
      pair === undefined
        ? name
        : name.slice(0, -(name.endsWith(pair.length) ? pair.length : pair.direction).length)
    const length = pair === undefined ? undefined : stored.get(`${layer}${pair.length}`)
    const direction = pair === undefined ? undefined : stored.get(`${layer}${pair.direction}`)
    if (length === undefined || direction === undefined) result.set(name, tensor)
    else if (tensor === direction) result.set(`${layer}.weight`, product(length, direction))
  }
  return result
}

/** weight = g · v / |v|, row by row. */
function product(length: StoredTensor, direction: StoredTensor): StoredTensor {
  const [rows = 1] = direction.shape
  return {
    ...direction,
    async read() {
      const [g, v] = [await length.read(), await direction.read()]
      const size = v.length / rows
      const norms = Array.from({ length: rows }, (_, row) =>
        Math.hypot(...v.subarray(row * size, (row + 1) * size)),
      )
      return v.map(
        (value, i) => (value * (g[Math.floor(i / size)] ?? 1)) / (norms[Math.floor(i / size)] ?? 1),
      )
    },
  }
}
