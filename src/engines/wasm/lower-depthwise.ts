/** Convolutions in which each channel has a filter of its own. */
import type { Chain } from './chains.ts'
import { convolutionAttributes } from './convolution-attributes.ts'
import { activationCode, inputOf, parametersOf, readParameters, sizesOf } from './convolution-parameters.ts'
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
  const weights = heap.allocate(rows * columns * x.pitch * 4)
  const bias = heap.allocate(x.pitch * 4)
  const parameters = parametersOf(chain)
  lowering.pack(parameters.states, (states) => {
    const { kernel, bias: given, folding } = readParameters(parameters, states)
    const packed = packDepthwise(kernel, given, folding, x.pitch)
    heap.floats.set(packed.weights, weights / 4)
    heap.floats.set(packed.bias, bias / 4)
  })
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
    bias,
    activation: activationCode(chain.activation),
  })
  lowering.phase(chain, 'depthwise', descriptor, y.batch * y.height)
}
