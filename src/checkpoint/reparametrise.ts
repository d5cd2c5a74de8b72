/**
 * Weights that a file holds in parts, as PyTorch keeps them while a network is pruned or normalised by weight: the weight is
 * computed when it is read, as the layer computes it when it runs (`torch.nn.utils.prune`, `weight_norm`, `spectral_norm`, and
 * the same as parametrisations).
 */
import type { Checkpoint, StoredTensor } from './checkpoint.ts'

interface Rule {
  /** What the parts' names add to that of the module, in the order that `compute` takes; the first has the weight's shape. */
  readonly parts: (parameter: string) => readonly string[]
  readonly compute: (values: readonly Float32Array[], shapes: readonly (readonly number[])[]) => Float32Array
  readonly note: string
}

const pruned = 'multiplied by masks (pruning)'
const byWeight = 'joined of direction and length (weight normalisation)'
const spectral = 'divided by the largest singular value (spectral normalisation)'

const rules: readonly Rule[] = [
  { parts: (name) => [`${name}_orig`, `${name}_mask`], compute: masked, note: pruned },
  { parts: (name) => [`${name}_v`, `${name}_g`], compute: normalised, note: byWeight },
  {
    parts: (name) => [`parametrizations.${name}.original1`, `parametrizations.${name}.original0`],
    compute: normalised,
    note: byWeight,
  },
  { parts: (name) => [`${name}_orig`, `${name}_u`, `${name}_v`], compute: divided, note: spectral },
  {
    parts: (name) => [
      `parametrizations.${name}.original`,
      `parametrizations.${name}.0._u`,
      `parametrizations.${name}.0._v`,
    ],
    compute: divided,
    note: spectral,
  },
]

/** The checkpoint with its weights whole, and a note for each way in which they lay in parts. */
export function whole(checkpoint: Checkpoint): Checkpoint {
  const tensors = new Map<string, StoredTensor>()
  const counts = new Map<string, number>()
  const used = new Set<string>()
  const joined = new Map<string, StoredTensor>()
  for (const rule of rules) {
    for (const name of checkpoint.tensors.keys()) {
      const found = used.has(name) ? undefined : parts(checkpoint, rule, name)
      if (found === undefined) continue
      for (const part of found.tensors) used.add(part.name)
      joined.set(name, weightOf(found.name, rule, found.tensors))
      counts.set(rule.note, (counts.get(rule.note) ?? 0) + 1)
    }
  }
  if (joined.size === 0) return checkpoint
  for (const [name, tensor] of checkpoint.tensors) {
    const weight = joined.get(name)
    if (weight !== undefined) tensors.set(weight.name, weight)
    else if (!used.has(name)) tensors.set(name, tensor)
  }
  const notes = [...counts].map(
    ([note, count]) => `${count} ${count === 1 ? 'weight was' : 'weights were'} ${note}`,
  )
  return { ...checkpoint, tensors, notes: [...checkpoint.notes, ...notes] }
}

/** The parts of which `first` is the first, where all are there and the weight itself is not. */
function parts({ tensors }: Checkpoint, rule: Rule, first: string) {
  for (const parameter of ['weight', 'bias']) {
    const names = rule.parts(parameter)
    const ending = names[0] ?? ''
    const stem = first.slice(0, first.length - ending.length)
    if (!first.endsWith(ending) || (stem !== '' && !stem.endsWith('.'))) continue
    const found = names.flatMap((part) => tensors.get(stem + part) ?? [])
    if (found.length === names.length && !tensors.has(stem + parameter)) {
      return { name: stem + parameter, tensors: found }
    }
  }
  return undefined
}

function weightOf(name: string, { compute }: Rule, found: readonly StoredTensor[]): StoredTensor {
  const [first] = found
  return {
    name,
    type: first?.type ?? 'F32',
    shape: first?.shape ?? [],
    async read() {
      const values: Float32Array[] = []
      for (const part of found) values.push(await part.read())
      return compute(
        values,
        found.map(({ shape }) => shape),
      )
    },
  }
}

function masked([
  weight = new Float32Array(),
  mask = new Float32Array(),
]: readonly Float32Array[]): Float32Array {
  return weight.map((value, i) => value * (mask[i] ?? 0))
}

/** `g * v / |v|`, the length over all axes in which `g` has one item: usually one length for each output channel. */
function normalised(
  [v = new Float32Array(), g = new Float32Array()]: readonly Float32Array[],
  [shape = [], lengths = []]: readonly (readonly number[])[],
): Float32Array {
  const place = (index: number) => {
    let rest = index
    let at = 0
    let stride = 1
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] ?? 1
      if (lengths[axis] === size && size > 1) {
        at += (rest % size) * stride
        stride *= size
      }
      rest = Math.floor(rest / size)
    }
    return at
  }
  const squares = new Float64Array(g.length)
  for (const [i, value] of v.entries()) squares[place(i)] = (squares[place(i)] ?? 0) + value * value
  return v.map((value, i) => (value * (g[place(i)] ?? 0)) / Math.sqrt(squares[place(i)] ?? 0))
}

/** `weight / (u . W v)`, W the weight with a row for each output channel. */
function divided([
  weight = new Float32Array(),
  u = new Float32Array(),
  v = new Float32Array(),
]: readonly Float32Array[]) {
  let sigma = 0
  for (const [row, left] of u.entries()) {
    let sum = 0
    for (const [column, right] of v.entries()) sum += (weight[row * v.length + column] ?? 0) * right
    sigma += left * sum
  }
  return weight.map((value) => value / sigma)
}
