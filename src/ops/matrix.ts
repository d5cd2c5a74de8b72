/** Matrix products over doubles, row-major, added to what `out` holds: the inner loops of the reference arithmetic. */

interface ProductSize {
  readonly rows: number
  readonly inner: number
  readonly columns: number
}

/** out[rows, columns] += a[rows, inner] · b[inner, columns] */
export function addProduct(out: Float64Array, a: Float64Array, b: Float64Array, size: ProductSize): void {
  addRows(out, b, size, (row, k) => a[row * size.inner + k] ?? 0)
}

/** out[rows, columns] += aᵀ · b, where a is [inner, rows] and b is [inner, columns] */
export function addTransposedProduct(
  out: Float64Array,
  a: Float64Array,
  b: Float64Array,
  size: ProductSize,
): void {
  addRows(out, b, size, (row, k) => a[k * size.rows + row] ?? 0)
}

/** Adds to each row of `out` the rows of b by their factors, four at a time so that `out` is read and written less. */
function addRows(
  out: Float64Array,
  b: Float64Array,
  { rows, inner, columns }: ProductSize,
  factor: (row: number, k: number) => number,
): void {
  for (let i = 0; i < rows; i++) {
    let k = 0
    for (; k + 4 <= inner; k += 4) {
      const factors = [factor(i, k), factor(i, k + 1), factor(i, k + 2), factor(i, k + 3)] as const
      addFourRows(out, i * columns, b, k * columns, columns, factors)
    }
    for (; k < inner; k++) addRow(out, i * columns, b, k * columns, columns, factor(i, k))
  }
}

function addFourRows(
  out: Float64Array,
  to: number,
  b: Float64Array,
  from: number,
  columns: number,
  [f0, f1, f2, f3]: readonly [number, number, number, number],
): void {
  const [from1, from2, from3] = [from + columns, from + 2 * columns, from + 3 * columns]
  for (let j = 0; j < columns; j++) {
    out[to + j] =
      (out[to + j] ?? 0) +
      f0 * (b[from + j] ?? 0) +
      f1 * (b[from1 + j] ?? 0) +
      f2 * (b[from2 + j] ?? 0) +
      f3 * (b[from3 + j] ?? 0)
  }
}

function addRow(
  out: Float64Array,
  to: number,
  b: Float64Array,
  from: number,
  columns: number,
  factor: number,
): void {
  for (let j = 0; j < columns; j++) out[to + j] = (out[to + j] ?? 0) + factor * (b[from + j] ?? 0)
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
