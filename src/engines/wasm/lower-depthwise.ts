/** Convolutions in which each channel has a filter of its own. */
import type { Chain } from './chains.ts'
import { constantKey, constantValue, statesBehind } from './constants.ts'
import { convolutionAttributes } from './convolution-attributes.ts'
import { activationCode, foldOf, inputOf, sizesOf } from './convolution-parameters.ts'
import { imageBytes, originOf, pixelBytes, rowBytes, rowsOf } from './layout.ts'
import type { Lowering } from './lowering.ts'
import { packDepthwise } from './pack.ts'
import { writeDescriptor } from './program.ts'

export function lowerDepthwise(lowering: Lowering, chain: Chain): void {
  const { heap } = lowering
  const { root } = chain
  const { stride, dilation, padding } = convolutionAttributes(root)
  const [, , rows = 1, columns = 1] = sizesOf(root.inputs[1])
  const x = lowering.storage(inputOf(root))
  const y = lowering.place(chain.result)
  const weight = inputOf(root, 1)
  const fold = foldOf(chain)
  const weights = lowering.pack(`depthwise ${constantKey(weight)} ${fold.key}`, () => ({
    bytes: (rows * columns + 1) * x.pitch * 4,
    states: [...statesBehind(weight), ...fold.states],
    write(address, states) {
      const packed = packDepthwise(constantValue(weight, states), fold.vectors(states), x.pitch)
      heap.floats.set(packed, address / 4)
      return []
    },
  }))
  const to = rowsOf(y)
  const descriptor = writeDescriptor(heap, 'depthwise', {
    xBase: originOf(x) - padding.top * rowBytes(x) - padding.left * pixelBytes(x),
    xImage: imageBytes(x),
    yBase: to.base,
    yImage: to.image,
    yRow: to.row,
    height: y.height,
    width: y.width,
    channels: y.pitch,
    kernelHeight: rows,
    kernelWidth: columns,
    rowStep: stride[0] * rowBytes(x),
    columnStep: stride[1] * pixelBytes(x),
    tapRow: dilation[0] * rowBytes(x),
    tapColumn: dilation[1] * pixelBytes(x),
    weights,
    bias: weights + rows * columns * x.pitch * 4,
    activation: activationCode(chain.activation),
  })
  lowering.phase(chain, 'depthwise', descriptor, y.batch * y.height)
}
