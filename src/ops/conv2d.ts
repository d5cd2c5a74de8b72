/**
 * Two-dimensional convolution (cross-correlation, as the field means it) with strides, explicit padding, dilation and
 * groups, and its two gradients. x: [N, C, H, W], weight: [K, C / groups, R, S], bias: [K], y: [N, K, P, Q].
 */
import { ShapeError } from '../errors.ts'
import { addProduct, addProductTransposed, addTransposedProduct } from './matrix.ts'
import { onnxWindow } from './onnx.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import {
  type BoundShape,
  bindBatch,
  checkGradientShape,
  type Dim,
  elements,
  fixedShape,
  formatShape,
  imageShape,
  type Shape,
} from './shape.ts'
import { sumTo } from './sum-to.ts'
import { type Padding, type Window, windowOutput } from './window.ts'

export interface ConvolutionAttributes {
  readonly stride: readonly [number, number]
  readonly dilation: readonly [number, number]
  readonly padding: Padding
  readonly groups: number
}

/** Sizes of one convolution. */
interface Geometry {
  readonly batch: Dim
  readonly channels: number
  readonly height: number
  readonly width: number
  readonly filters: number
  readonly groupChannels: number
  readonly window: Window
  readonly outHeight: number
  readonly outWidth: number
}

function geometry(x: Shape, weight: Shape, attributes: ConvolutionAttributes): Geometry {
  const { batch, channels, height, width } = imageShape(x, 'the input of a convolution')
  const [filters = 0, groupChannels = 0, kernelHeight = 0, kernelWidth = 0] = fixedShape(
    weight,
    4,
    'a convolution weight',
  )
  const { groups } = attributes
  if (channels !== groupChannels * groups || filters % groups !== 0) {
    throw new ShapeError(
      `a convolution weight ${formatShape(weight)} in ${groups} groups takes ${groupChannels * groups} channels and filters that ${groups} divides, not an input ${formatShape(x)}`,
    )
  }
  const window: Window = { ...attributes, kernel: [kernelHeight, kernelWidth] }
  const [outHeight, outWidth] = windowOutput(height, width, window, 'convolution')
  return { batch, channels, height, width, filters, groupChannels, window, outHeight, outWidth }
}

/**
 * Walks the patches that a group's filters see in one image: patch element `cell` (tap-major: tap × P·Q + position) is
 * x element `at` of the group's channels. Taps that fall on padding are not visited.
 */
function forEachPatchCell(g: Geometry, visit: (cell: number, at: number) => void): void {
  const { window } = g
  const [kernelHeight, kernelWidth] = window.kernel
  for (let c = 0; c < g.groupChannels; c++) {
    for (let r = 0; r < kernelHeight; r++) {
      for (let s = 0; s < kernelWidth; s++) {
        const tap = (c * kernelHeight + r) * kernelWidth + s
        for (let p = 0; p < g.outHeight; p++) {
          const row = p * window.stride[0] + r * window.dilation[0] - window.padding.top
          if (row < 0 || row >= g.height) continue
          for (let q = 0; q < g.outWidth; q++) {
            const column = q * window.stride[1] + s * window.dilation[1] - window.padding.left
            if (column < 0 || column >= g.width) continue
            visit((tap * g.outHeight + p) * g.outWidth + q, (c * g.height + row) * g.width + column)
          }
        }
      }
    }
  }
}

/** Calls `visit` for each image and group with the views of x, weight and y that belong together. */
function forEachGroup(
  g: Geometry,
  batch: number,
  groups: number,
  arrays: { x: Float64Array; weight: Float64Array; y: Float64Array },
  visit: (x: Float64Array, weight: Float64Array, y: Float64Array) => void,
): void {
  const view = (array: Float64Array, index: number, size: number) =>
    array.subarray(index * size, (index + 1) * size)
  const [kernelHeight, kernelWidth] = g.window.kernel
  const filters = g.filters / groups
  for (let n = 0; n < batch; n++) {
    for (let group = 0; group < groups; group++) {
      visit(
        view(arrays.x, n * groups + group, g.groupChannels * g.height * g.width),
        view(arrays.weight, group, filters * g.groupChannels * kernelHeight * kernelWidth),
        view(arrays.y, n * groups + group, filters * g.outHeight * g.outWidth),
      )
    }
  }
}

/** Rows, inner size and columns of a group's product weight [filters, taps] × patches [taps, positions]. */
function productSize(g: Geometry, groups: number): { rows: number; inner: number; columns: number } {
  const [kernelHeight, kernelWidth] = g.window.kernel
  return {
    rows: g.filters / groups,
    inner: g.groupChannels * kernelHeight * kernelWidth,
    columns: g.outHeight * g.outWidth,
  }
}

function boundGeometry(
  x: BoundShape,
  weight: BoundShape,
  attributes: ConvolutionAttributes,
): Geometry & { images: number } {
  return { ...geometry(x, weight, attributes), images: x[0] ?? 0 }
}

/** y = weight ⋆ x + bias; the bias is optional. */
export const conv2d: Operation<ConvolutionAttributes> = {
  name: 'conv2d',
  shapes(inputs, attributes) {
    const g = geometry(item(inputs, 0, 'conv2d'), item(inputs, 1, 'conv2d'), attributes)
    const bias = inputs[2]
    if (bias !== undefined && fixedShape(bias, 1, 'a convolution bias')[0] !== g.filters) {
      throw new ShapeError(
        `a convolution of ${g.filters} filters needs as many biases, not ${formatShape(bias)}`,
      )
    }
    return [[g.batch, g.filters, g.outHeight, g.outWidth]]
  },
  macs(inputs, _outputs, attributes) {
    const g = geometry(item(inputs, 0, 'conv2d'), item(inputs, 1, 'conv2d'), attributes)
    const { rows, inner, columns } = productSize(g, attributes.groups)
    return attributes.groups * rows * inner * columns
  },
  gradient(context) {
    const { emit, attributes, inputs } = context
    const [x, weight] = [item(inputs, 0, 'conv2d'), item(inputs, 1, 'conv2d')]
    const dy = outputGradient(context)
    const filters = item(weight.shape, 0, 'a convolution weight')
    return [
      context.wants(0)
        ? emit.one(conv2dInputGradient, { ...attributes, inputShape: x.shape }, [dy, weight])
        : undefined,
      context.wants(1)
        ? emit.one(conv2dWeightGradient, { ...attributes, weightShape: weight.shape }, [x, dy])
        : undefined,
      context.wants(2) ? emit.one(sumTo, { shape: [filters], axes: [1] }, [dy]) : undefined,
    ]
  },
  onnx(context) {
    const { inputs, inputShapes, attributes } = context
    const [, , height = 0, width = 0] = fixedShape(inputShapes[1], 4, 'a convolution weight')
    return {
      type: 'Conv',
      inputs,
      attributes: {
        ...onnxWindow({ ...attributes, kernel: [height, width] }, context),
        dilations: { ints: attributes.dilation },
        group: { int: attributes.groups },
      },
    }
  },
  reference(inputs, attributes, outputs) {
    const [x, weight, bias] = [item(inputs, 0, 'conv2d'), item(inputs, 1, 'conv2d'), inputs[2]]
    const g = boundGeometry(x.shape, weight.shape, attributes)
    const size = productSize(g, attributes.groups)
    const y = new Float64Array(elements(item(outputs, 0, 'conv2d')))
    if (bias !== undefined)
      y.forEach((_, i) => {
        y[i] = bias.data[Math.floor(i / size.columns) % g.filters] ?? 0
      })
    const patches = new Float64Array(size.inner * size.columns)
    forEachGroup(g, g.images, attributes.groups, { x: x.data, weight: weight.data, y }, (xs, weights, ys) => {
      forEachPatchCell(g, (cell, at) => {
        patches[cell] = xs[at] ?? 0
      })
      addProduct(ys, weights, patches, size)
    })
    return [y]
  },
}

/** dx of a convolution, from dy and weight: the transposed convolution. Linear in both, so it has gradients itself. */
export const conv2dInputGradient: Operation<ConvolutionAttributes & { readonly inputShape: Shape }> = {
  name: 'conv2dInputGradient',
  shapes(inputs, attributes) {
    checkOutputGradient(
      item(inputs, 0, 'conv2dInputGradient'),
      attributes.inputShape,
      item(inputs, 1, 'conv2dInputGradient'),
      attributes,
    )
    return [attributes.inputShape]
  },
  macs: (inputs, _outputs, attributes) =>
    conv2d.macs?.([attributes.inputShape, item(inputs, 1, 'conv2dInputGradient')], [], attributes) ?? 0,
  gradient(context) {
    const { emit, inputs } = context
    const { inputShape: _, ...attributes } = context.attributes
    const [dy, weight] = [item(inputs, 0, 'conv2dInputGradient'), item(inputs, 1, 'conv2dInputGradient')]
    const g = outputGradient(context)
    return [
      context.wants(0) ? emit.one(conv2d, attributes, [g, weight]) : undefined,
      context.wants(1)
        ? emit.one(conv2dWeightGradient, { ...attributes, weightShape: weight.shape }, [g, dy])
        : undefined,
    ]
  },
  reference(inputs, attributes, outputs) {
    const [dy, weight] = [item(inputs, 0, 'conv2dInputGradient'), item(inputs, 1, 'conv2dInputGradient')]
    const shape = item(outputs, 0, 'conv2dInputGradient')
    const g = boundGeometry(shape, weight.shape, attributes)
    const size = productSize(g, attributes.groups)
    const dx = new Float64Array(elements(shape))
    const patches = new Float64Array(size.inner * size.columns)
    forEachGroup(
      g,
      g.images,
      attributes.groups,
      { x: dx, weight: weight.data, y: dy.data },
      (dxs, weights, dys) => {
        patches.fill(0)
        addTransposedProduct(patches, weights, dys, {
          rows: size.inner,
          inner: size.rows,
          columns: size.columns,
        })
        forEachPatchCell(g, (cell, at) => {
          dxs[at] = (dxs[at] ?? 0) + (patches[cell] ?? 0)
        })
      },
    )
    return [dx]
  },
}

/** dweight of a convolution, from x and dy, summed over the batch. */
export const conv2dWeightGradient: Operation<ConvolutionAttributes & { readonly weightShape: Shape }> = {
  name: 'conv2dWeightGradient',
  shapes(inputs, attributes) {
    checkOutputGradient(
      item(inputs, 1, 'conv2dWeightGradient'),
      item(inputs, 0, 'conv2dWeightGradient'),
      attributes.weightShape,
      attributes,
    )
    return [attributes.weightShape]
  },
  macs: (inputs, _outputs, attributes) =>
    conv2d.macs?.([item(inputs, 0, 'conv2dWeightGradient'), attributes.weightShape], [], attributes) ?? 0,
  gradient(context) {
    const { emit, inputs } = context
    const { weightShape: _, ...attributes } = context.attributes
    const [x, dy] = [item(inputs, 0, 'conv2dWeightGradient'), item(inputs, 1, 'conv2dWeightGradient')]
    const g = outputGradient(context)
    return [
      context.wants(0)
        ? emit.one(conv2dInputGradient, { ...attributes, inputShape: x.shape }, [dy, g])
        : undefined,
      context.wants(1) ? emit.one(conv2d, attributes, [x, g]) : undefined,
    ]
  },
  reference(inputs, attributes) {
    const [x, dy] = [item(inputs, 0, 'conv2dWeightGradient'), item(inputs, 1, 'conv2dWeightGradient')]
    const shape = bindBatch(attributes.weightShape, 0)
    const g = boundGeometry(x.shape, shape, attributes)
    const size = productSize(g, attributes.groups)
    const dweight = new Float64Array(elements(shape))
    const patches = new Float64Array(size.inner * size.columns)
    forEachGroup(
      g,
      g.images,
      attributes.groups,
      { x: x.data, weight: dweight, y: dy.data },
      (xs, dweights, dys) => {
        forEachPatchCell(g, (cell, at) => {
          patches[cell] = xs[at] ?? 0
        })
        addProductTransposed(dweights, dys, patches, {
          rows: size.rows,
          inner: size.columns,
          columns: size.inner,
        })
      },
    )
    return [dweight]
  },
}

function checkOutputGradient(dy: Shape, x: Shape, weight: Shape, attributes: ConvolutionAttributes): void {
  const [y = []] = conv2d.shapes([x, weight], attributes)
  checkGradientShape(dy, y, 'a convolution')
}
