/**
 * The optimiser's step as phases. Each tensor's is taken in place, when all else of a run has succeeded, and nothing of it
 * depends on which thread took what: norms are sums of blocks, put together in their order.
 */
import { EngineError } from '../../errors.ts'
import type { GraphValue, Node } from '../../graph/graph.ts'
import type { Chain } from './chains.ts'
import { inputOf } from './convolution-parameters.ts'
import { originOf } from './layout.ts'
import { countOf, unitFloats } from './lower-training.ts'
import type { Lowering } from './lowering.ts'
import { bitsOf, writeDescriptor } from './program.ts'

/** Floats whose squares are summed as one block. */
const squaresFloats = 4096

interface Floats {
  readonly address: number
  readonly count: number
}

/** Squares of all numbers of many tensors, summed. */
export function lowerSquaredNorm(lowering: Lowering, chain: Chain): void {
  const tensors = chain.root.inputs.map((value) => ({
    address: originOf(lowering.storage(value)),
    count: countOf(lowering, value),
  }))
  const y = originOf(lowering.place(chain.result))
  appendSquares(lowering, tensors, y, (kernel, descriptor, units) => {
    lowering.phase(chain, kernel, descriptor, units)
  })
}

/** The sum of squares of tensors as one float at `y`. */
function appendSquares(
  { heap }: Lowering,
  tensors: readonly Floats[],
  y: number,
  append: (kernel: string, descriptor: number, units: number) => void,
): void {
  const blocks = tensors.map(({ count }) => Math.ceil(count / squaresFloats))
  const partials = blocks.reduce((sum, count) => sum + count, 0)
  const partial = heap.allocate(partials * 4)
  let first = 0
  tensors.forEach(({ address, count }, index) => {
    const units = blocks[index] ?? 0
    const descriptor = writeDescriptor(heap, 'squares', { x: address, count, partial: partial + first * 4 })
    append('squares', descriptor, units)
    first += units
  })
  append('squaresSum', writeDescriptor(heap, 'squares', { partial, partials, y }), 1)
}

/** (rate, decay, scale, momentum, parameters..., gradients..., momenta...): each tensor's step. */
export function lowerSgd(lowering: Lowering, { root }: Chain): void {
  const { numbers, tensors } = stepOf(lowering, root, 1)
  const [rate = 0, decay = 0, scale = 0, keep = 0] = numbers
  const attributes: { readonly nesterov?: boolean } = root.attributes
  const nesterov = attributes.nesterov === true ? 1 : 0
  for (const tensor of tensors) appendSgd(lowering, root, tensor, { rate, decay, scale, keep, nesterov })
}

function appendSgd(
  lowering: Lowering,
  root: Node,
  { parameter, gradient, states: [momentum = 0], count }: StepTensor,
  settings: Readonly<Record<'rate' | 'decay' | 'scale' | 'keep' | 'nesterov', number>>,
): void {
  const fields = { parameter, gradient, momentum, count, ...settings }
  const descriptor = writeDescriptor(lowering.heap, 'sgd', fields)
  lowering.commit([root], 'sgd', descriptor, Math.ceil(count / unitFloats))
}

/** The same inputs: gradient descent with a scale and a decay for each tensor, which its norms make. */
export function lowerLars(lowering: Lowering, chain: Chain): void {
  const { root } = chain
  const { heap } = lowering
  const { numbers, tensors } = stepOf(lowering, root, 1)
  const [rate = 0, decay = 0, scale = 0, keep = 0] = numbers
  const attributes: { readonly trust?: number } = root.attributes
  const append = (kernel: string, descriptor: number, units: number) => {
    lowering.phase(chain, kernel, descriptor, units)
  }
  for (const tensor of tensors) {
    const { parameter, gradient, count } = tensor
    const [parameterSquares, directionSquares, y] = [heap.allocate(4), heap.allocate(4), heap.allocate(8)]
    appendSquares(lowering, [{ address: parameter, count }], parameterSquares, append)
    appendSquares(lowering, [{ address: gradient, count }], directionSquares, append)
    const coefficient = bitsOf(attributes.trust ?? 1)
    const trust = { parameterSquares, directionSquares, decay, factor: scale, coefficient, y }
    append('larsRatio', writeDescriptor(heap, 'trust', trust), 1)
    appendSgd(lowering, root, tensor, { rate, scale: y, decay: y + 4, keep, nesterov: 0 })
  }
}

/** (rate, decay, scale, step, parameters..., gradients..., first moments..., second moments...): each tensor's step. */
export function lowerAdamW(lowering: Lowering, { root }: Chain): void {
  lowerAdam(lowering, root, ({ rate }) => rate)
}

/** The same inputs, at a rate for each tensor, which its norm and its direction's make. */
export function lowerLamb(lowering: Lowering, { root }: Chain): void {
  const { heap } = lowering
  const append = (kernel: string, descriptor: number, units: number) => {
    lowering.commit([root], kernel, descriptor, units)
  }
  lowerAdam(lowering, root, ({ rate, decay, parameter, direction, count }) => {
    const [parameterSquares, directionSquares, y] = [heap.allocate(4), heap.allocate(4), heap.allocate(4)]
    appendSquares(lowering, [{ address: parameter, count }], parameterSquares, append)
    appendSquares(lowering, [{ address: direction, count }], directionSquares, append)
    const trust = { parameterSquares, directionSquares, decay, factor: rate, y }
    append('lambRatio', writeDescriptor(heap, 'trust', trust), 1)
    return y
  })
}

/** `rateOf` appends what makes a tensor's rate and answers where it is. */
function lowerAdam(
  lowering: Lowering,
  root: Node,
  rateOf: (
    tensor: Readonly<Record<'rate' | 'decay' | 'parameter' | 'direction' | 'count', number>>,
  ) => number,
): void {
  const { heap } = lowering
  const { numbers, tensors } = stepOf(lowering, root, 2)
  const [rate = 0, decay = 0, scale = 0, step = 0] = numbers
  const attributes: { readonly beta1?: number; readonly beta2?: number; readonly epsilon?: number } =
    root.attributes
  const settings = Float64Array.of(attributes.beta1 ?? 0, attributes.beta2 ?? 0, attributes.epsilon ?? 0)
  const betas = lowering.table(`adam ${settings.join(' ')}`, () => new Int32Array(settings.buffer))
  const direction = lowering.scratchBytes('direction', 4 * Math.max(...tensors.map(({ count }) => count)))
  for (const { parameter, gradient, states, count } of tensors) {
    const [first = 0, second = 0] = states
    const units = Math.ceil(count / unitFloats)
    const fields = { parameter, gradient, first, second, direction, count, decay, scale, step, betas }
    lowering.commit([root], 'adamDirection', writeDescriptor(heap, 'adam', fields), units)
    const ofTensor = rateOf({ rate, decay, parameter, direction, count })
    const move = { parameter, direction, count, rate: ofTensor }
    lowering.commit([root], 'descend', writeDescriptor(heap, 'descend', move), units)
  }
}

/** Addresses of a tensor, its gradient and its states, and its numbers. */
interface StepTensor {
  readonly parameter: number
  readonly gradient: number
  readonly states: readonly number[]
  readonly count: number
}

/** A step's single numbers by address, and its tensors, with so many states each that it renews. */
function stepOf(
  lowering: Lowering,
  root: Node,
  states: number,
): { readonly numbers: readonly number[]; readonly tensors: readonly StepTensor[] } {
  const count = root.outputs.length / (1 + states)
  const numbers = root.inputs.length - (2 + states) * count
  const address = (value: GraphValue) => originOf(lowering.storage(value))
  const tensors = Array.from({ length: count }, (_, i) => {
    const input = (part: number) => inputOf(root, numbers + part * count + i)
    const parameter = input(0)
    const kept = Array.from({ length: states }, (_state, k) => input(2 + k))
    for (const [part, state] of [parameter, ...kept].entries())
      checkAssigned(lowering, root.outputs[part * count + i], state)
    return {
      parameter: address(parameter),
      gradient: address(input(1)),
      states: kept.map(address),
      count: countOf(lowering, parameter),
    }
  })
  return { numbers: root.inputs.slice(0, numbers).map(address), tensors }
}

/** (keep, averages..., values...): each average moves in place, after the steps whose results it takes. */
export function lowerMovingAverage(lowering: Lowering, { root }: Chain): void {
  const { graph, heap, committed } = lowering
  const keep = originOf(lowering.storage(inputOf(root)))
  for (const [i, output] of root.outputs.entries()) {
    const [average, value] = [inputOf(root, 1 + i), inputOf(root, 1 + i + root.outputs.length)]
    checkAssigned(lowering, output, average)
    // What a step made in place lies in its state.
    const made = graph.assignments.find((assignment) => committed.has(value) && assignment.value === value)
    const count = countOf(lowering, average)
    const descriptor = writeDescriptor(heap, 'movingAverage', {
      average: originOf(lowering.storage(average)),
      x: originOf(lowering.storage(made?.state ?? value)),
      count,
      keep,
    })
    lowering.commit([root], 'movingAverage', descriptor, Math.ceil(count / unitFloats))
  }
}

/** A step is taken in place: what comes out must be the next value of what went in. */
function checkAssigned(
  { graph, committed }: Lowering,
  value: GraphValue | undefined,
  state: GraphValue,
): void {
  const assignment = graph.assignments.find((candidate) => candidate.value === value)
  if (value === undefined || assignment?.state !== state)
    throw new EngineError(`the wasm engine takes an optimiser's step in place: assign it to "${state.name}"`)
  committed.add(value)
}
