/** Matrix products over doubles, row-major, added to what `out` holds: the inner loops of the reference arithmetic. */

interface ProductSize {
  readonly rows: number
  readonly inner: number
  readonly columns: number
}

/** out[rows, columns] += a[rows, inner] · b[inner, columns] */
export function addProduct(out: Float64Array, a: Float64Array, b: Float64Array, size: ProductSize): void {
  const { rows, inner, columns } = size
  for (let i = 0; i < rows; i++) {
    const row = out.subarray(i * columns, (i + 1) * columns)
    for (let k = 0; k < inner; k++) addScaledRow(row, a[i * inner + k] ?? 0, b, k * columns)
  }
}

/** out[rows, columns] += aᵀ · b, where a is [inner, rows] and b is [inner, columns] */
export function addTransposedProduct(
  out: Float64Array,
  a: Float64Array,
  b: Float64Array,
  size: ProductSize,
): void {
  const { rows, inner, columns } = size
  for (let i = 0; i < rows; i++) {
    const row = out.subarray(i * columns, (i + 1) * columns)
    for (let k = 0; k < inner; k++) addScaledRow(row, a[k * rows + i] ?? 0, b, k * columns)
  }
}

/** out[rows, columns] += a · bᵀ, where a is [rows, inner] and b is [columns, inner] */
export function addProductTransposed(
  out: Float64Array,
  a: Float64Array,
  b: Float64Array,
  size: ProductSize,
): void {
  const { rows, inner, columns } = size
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0
      for (let k = 0; k < inner; k++) sum += (a[i * inner + k] ?? 0) * (b[j * inner + k] ?? 0)
      out[i * columns + j] = (out[i * columns + j] ?? 0) + sum
    }
  }
}

function addScaledRow(row: Float64Array, factor: number, b: Float64Array, start: number): void {
  for (let j = 0; j < row.length; j++) row[j] = (row[j] ?? 0) + factor * (b[start + j] ?? 0)
}
