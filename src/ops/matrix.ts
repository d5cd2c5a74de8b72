/** Matrix products over doubles, row-major, added to what `out` holds: the inner loops of the reference arithmetic. */

interface ProductSize {
  readonly rows: number
  readonly inner: number
  readonly columns: number
}

/** Narrower products than this are sums along rows of a; wider ones add up rows of b. */
const narrow = 10

/** out[rows, columns] += a[rows, inner] · b[inner, columns] */
export function addProduct(out: Float64Array, a: Float64Array, b: Float64Array, size: ProductSize): void {
  if (size.columns < narrow) addProductTransposed(out, a, transposed(b, size), size)
  else addRows(out, b, size, (row, k) => a[row * size.inner + k] ?? 0)
}

/** b[inner, columns] as [columns, inner]. */
function transposed(b: Float64Array, { inner, columns }: ProductSize): Float64Array {
  const out = new Float64Array(columns * inner)
  for (let k = 0; k < inner; k++)
    for (let j = 0; j < columns; j++) out[j * inner + k] = b[k * columns + j] ?? 0
  return out
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
      out[i * columns + j] = (out[i * columns + j] ?? 0) + dot(a, i * inner, b, j * inner, inner)
    }
  }
}

/** The product of two runs of numbers, in four sums, none of which waits for another. */
function dot(a: Float64Array, fromA: number, b: Float64Array, fromB: number, length: number): number {
  let s0 = 0
  let s1 = 0
  let s2 = 0
  let s3 = 0
  let k = 0
  for (; k + 4 <= length; k += 4) {
    s0 += (a[fromA + k] ?? 0) * (b[fromB + k] ?? 0)
    s1 += (a[fromA + k + 1] ?? 0) * (b[fromB + k + 1] ?? 0)
    s2 += (a[fromA + k + 2] ?? 0) * (b[fromB + k + 2] ?? 0)
    s3 += (a[fromA + k + 3] ?? 0) * (b[fromB + k + 3] ?? 0)
  }
  for (; k < length; k++) s0 += (a[fromA + k] ?? 0) * (b[fromB + k] ?? 0)
  return s0 + s1 + (s2 + s3)
}
