/** From the clock of a program's phases to the times of its kernels. */
import type { Graph, GraphValue } from '../../graph/graph.ts'
import type { KernelTiming } from '../engine.ts'
import { timingOf } from '../timing.ts'
import type { Phase } from './program.ts'

interface Timed {
  readonly phase: Phase
  readonly milliseconds: number
}

/**
 * Phases that cover the same nodes are one kernel: Winograd's transform and its products, the copies of a concatenation.
 * `clock` holds the milliseconds before the first phase and after each.
 */
export function timingsOf(
  phases: readonly Phase[],
  clock: Float64Array,
  { graph, batch }: { readonly graph: Graph; readonly batch: number },
): readonly KernelTiming[] {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]))
  const kernels = new Map<string, Timed[]>()
  phases.forEach((phase, index) => {
    // A change of layout covers no node and stands for itself.
    const key = phase.nodes.length === 0 ? `phase ${index}` : phase.nodes.join()
    const timed = { phase, milliseconds: (clock[index + 1] ?? 0) - (clock[index] ?? 0) }
    const kernel = kernels.get(key)
    if (kernel === undefined) kernels.set(key, [timed])
    else kernel.push(timed)
  })
  return [...kernels.values()].map((timed) => {
    const packed = timed.flatMap(({ phase }) => phase.packedBytes ?? [])
    return timingOf({
      kernel: [...new Set(timed.map(({ phase }) => phase.kernel))].join(' + '),
      nodes: (timed[0]?.phase.nodes ?? []).flatMap((name) => byName.get(name) ?? []),
      batch,
      milliseconds: timed.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
      numberBytes: Float32Array.BYTES_PER_ELEMENT,
      ...(packed.length === 0
        ? {}
        : { packed: { bytes: packed.reduce((sum, bytes) => sum + bytes, 0), holds: comesOfStates } }),
    })
  })
}

function comesOfStates(value: GraphValue): boolean {
  return value.kind === 'node' ? value.node.inputs.every(comesOfStates) : value.kind !== 'input'
}
