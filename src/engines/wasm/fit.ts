/** Whether a program fits the memory that WebAssembly can address, found out before any of it is taken. */
import { ResourceError } from '../../errors.ts'
import type { Graph } from '../../graph/graph.ts'
import { elementsPerImage } from '../../ops/shape.ts'
import { compile } from './compile.ts'
import type { CompileOptions, SessionMemory } from './lowering.ts'
import { memoryLimit } from './memory.ts'

/** @throws ResourceError that names the batch that fits, where this one does not. */
export function checkFits(memory: SessionMemory, graph: Graph, options: CompileOptions): void {
  const bytes = (batch: number) => plannedBytes(memory, graph, { ...options, batch })
  const { batch } = options
  // All values at once are more than a program ever holds: most graphs need no closer look.
  const values = graph.nodes.flatMap(({ outputs }) => outputs)
  const atMost = values.reduce((sum, { shape }) => sum + 8 * batch * elementsPerImage(shape), 0)
  if (memory.heap.used + atMost < memoryLimit / 2) return
  const needed = bytes(batch)
  if (needed <= memoryLimit) return
  throw new ResourceError(
    `a batch of ${batch} needs ${gigabytes(needed)} GB of WebAssembly memory, of which there are ${gigabytes(memoryLimit)}; ${advice(largestBatch(batch, bytes))}`,
  )
}

function plannedBytes({ heap, states, packs }: SessionMemory, graph: Graph, options: CompileOptions): number {
  const plan = heap.planned()
  const memory = { heap: plan, states: states.planned(plan), packs: packs.planned() }
  compile(memory, graph, options)
  return plan.used
}

/** The largest batch below `batch` that fits, by halving; 0 where none does. */
function largestBatch(batch: number, bytes: (batch: number) => number): number {
  let [fits, tooLarge] = [0, batch]
  while (tooLarge - fits > 1) {
    const middle = Math.floor((fits + tooLarge) / 2)
    if (bytes(middle) <= memoryLimit) fits = middle
    else tooLarge = middle
  }
  return fits
}

function advice(fits: number): string {
  return fits === 0 ? 'not even one image fits beside what the session holds' : `a batch of ${fits} fits`
}

function gigabytes(bytes: number): string {
  return (bytes / 2 ** 30).toFixed(1)
}
