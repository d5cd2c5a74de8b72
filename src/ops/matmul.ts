/**
 * Matrix product y = a · b, either side transposed first if its attribute says so. a: [M, K] or [K, M], b: [K, P] or
 * [P, K], y: [M, P]. The batch may stand in any place; summing over it makes a weight's gradient. Its gradients are
 * products again.
 */
import { ShapeError } from '../errors.ts'
import { addProduct } from './matrix.ts'
import { type Array64, item, type Operation, outputGradient } from './operation.ts'
import { type Dim, elements, elementsPerImage, formatShape, type Shape } from './shape.ts'

export interface MatmulAttributes {
  readonly transposeA: boolean
  readonly transposeB: boolean
}

/** Rows and columns of a matrix, swapped when it is transposed. */
function matrixShape(shape: Shape, transpose: boolean): readonly [Dim, Dim] {
  const [rows, columns] = shape
  if (shape.length !== 2 || rows === undefined || columns === undefined) {
    throw new ShapeError(`matmul needs matrices, not ${formatShape(shape)}`)
  }
  return transpose ? [columns, rows] : [rows, columns]
}

function productSize(inputs: readonly Shape[], attributes: MatmulAttributes) {
  const [a, b] = [item(inputs, 0, 'matmul'), item(inputs, 1, 'matmul')]
  const [rows, inner] = matrixShape(a, attributes.transposeA)
  const [innerB, columns] = matrixShape(b, attributes.transposeB)
  if (inner !== innerB) {
    throw new ShapeError(
      `matmul cannot sum ${formatShape(a)}${attributes.transposeA ? ' transposed' : ''} against ${formatShape(b)}${attributes.transposeB ? ' transposed' : ''}: ${inner} is not ${innerB}`,
    )
  }
  return { rows, inner, columns }
}

/** The matrix with rows and columns swapped if asked for. */
function arranged(matrix: Array64, transpose: boolean): Float64Array {
  if (!transpose) return matrix.data
  const [rows = 0, columns = 0] = matrix.shape
  return matrix.data.map((_, i) => matrix.data[(i % rows) * columns + Math.floor(i / rows)] ?? 0)
}

export const matmul: Operation<MatmulAttributes> = {
  name: 'matmul',
  shapes(inputs, attributes) {
    const { rows, columns } = productSize(inputs, attributes)
    return [[rows, columns]]
  },
  macs(inputs, _outputs, attributes) {
    const { rows, inner, columns } = productSize(inputs, attributes)
    return elementsPerImage([rows, inner, columns])
  },
  gradient(context) {
    const { emit, attributes, inputs } = context
    const { transposeA, transposeB } = attributes
    const [a, b] = [item(inputs, 0, 'matmul'), item(inputs, 1, 'matmul')]
    const dy = outputGradient(context)
    const gradientOfA = () =>
      transposeA
        ? emit.one(matmul, { transposeA: transposeB, transposeB: true }, [b, dy])
        : emit.one(matmul, { transposeA: false, transposeB: !transposeB }, [dy, b])
    const gradientOfB = () =>
      transposeB
        ? emit.one(matmul, { transposeA: true, transposeB: transposeA }, [dy, a])
        : emit.one(matmul, { transposeA: !transposeA, transposeB: false }, [a, dy])
    return [context.wants(0) ? gradientOfA() : undefined, context.wants(1) ? gradientOfB() : undefined]
  },
  reference(inputs, { transposeA, transposeB }, outputs) {
    const [a, b] = [item(inputs, 0, 'matmul'), item(inputs, 1, 'matmul')]
    const shape = item(outputs, 0, 'matmul')
    const [rows = 0, columns = 0] = shape
    const y = new Float64Array(elements(shape))
    const inner = a.shape[transposeA ? 0 : 1] ?? 0
    addProduct(y, arranged(a, transposeA), arranged(b, transposeB), { rows, inner, columns })
    return [y]
  },
}
