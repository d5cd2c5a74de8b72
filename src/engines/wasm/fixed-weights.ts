/**
 * Weights that rest between runs: packed when states are written, with bias and normalisation folded in. The same kernels
 * pack them that pack trained weights in each run.
 */
import type { Chain } from './chains.ts'
import { constantKey, constantValue, statesBehind } from './constants.ts'
import { foldOf, inputOf, sizesOf } from './convolution-parameters.ts'
import { winogradPlan } from './descriptors.ts'
import { type PackedWeights, panelBytesOf } from './lower-product.ts'
import type { Lowering } from './lowering.ts'
import type { Packing } from './pack.ts'
import type { Phase } from './program.ts'
import { filtersDescriptor, forwardView, panelsDescriptor } from './trained-weights.ts'

export function fixedPanels(
  lowering: Lowering,
  chain: Chain,
  packing: Omit<Packing, 'columns'>,
): PackedWeights {
  const { grouping, inputs, groups } = packing
  const sizes = sizesOf(inputOf(chain.root, 1))
  const taps = sizes.slice(2).reduce((product, size) => product * size, 1)
  const panelCount = grouping.sets * grouping.panels
  return fixedWeights(lowering, chain, {
    form: `panels ${inputs} ${groups}`,
    panelCount,
    bytes: panelCount * panelBytesOf(lowering, taps, inputs),
    kernel: 'packPanels',
    descriptor: ({ address, panels, factor }) =>
      panelsDescriptor(
        lowering,
        forwardView({ address, sizes, groups }),
        Array.from({ length: taps }, (_, tap) => tap),
        packing,
        { panels, factor },
      ),
  })
}

export function fixedFilters(lowering: Lowering, chain: Chain): PackedWeights {
  const sizes = sizesOf(inputOf(chain.root, 1))
  const [filters = 1, channels = 1] = sizes
  const panelCount = Math.ceil(filters / lowering.columns)
  return fixedWeights(lowering, chain, {
    form: 'winograd',
    panelCount,
    bytes: panelCount * winogradPlan.places * channels * lowering.columns * 4,
    kernel: 'winogradFilters',
    descriptor: ({ address, panels, factor }) =>
      filtersDescriptor(lowering, forwardView({ address, sizes, groups: 1 }), {
        weights: panels,
        factor,
        turned: false,
      }),
  })
}

interface Form {
  readonly form: string
  readonly panelCount: number
  /** Of all panels. */
  readonly bytes: number
  readonly kernel: string
  /** Tells the kernel where the weights are read, where panels go, and where each filter's factor lies. */
  descriptor(at: { readonly address: number; readonly panels: number; readonly factor: number }): number
}

/** Panels, then what the sums start from, then the factors of the filters. */
function fixedWeights(lowering: Lowering, chain: Chain, form: Form): PackedWeights {
  const { heap } = lowering
  const weight = inputOf(chain.root, 1)
  const fold = foldOf(chain)
  const count = form.panelCount * lowering.columns
  const { bytes } = form
  const panels = lowering.pack([form.form, constantKey(weight), fold.key].join(' '), () => {
    const elements = sizesOf(weight).reduce((product, size) => product * size, 1)
    const address = lowering.scratchBytes('states', elements * 4)
    let phase: Phase | undefined
    return {
      bytes: bytes + 2 * count * 4,
      states: [...statesBehind(weight), ...fold.states],
      write(at, states) {
        const { factor, bias } = fold.vectors(states)
        const vectors = new Float32Array(2 * count)
        for (let filter = 0; filter < count; filter++) {
          vectors[filter] = bias(filter)
          vectors[count + filter] = factor(filter)
        }
        heap.floats.set(vectors, (at + bytes) / 4)
        const values = weight.kind === 'node' ? constantValue(weight, states).data : states.get(weight.name)
        heap.floats.set(values ?? [], address / 4)
        phase ??= {
          kernel: form.kernel,
          descriptor: form.descriptor({ address, panels: at, factor: at + bytes + count * 4 }),
          units: form.panelCount,
          grain: 1,
          nodes: [],
        }
        return [phase]
      },
    }
  })
  return { panels, bias: panels + bytes, bytes }
}
