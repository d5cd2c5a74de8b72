/** Whether all numbers of a tensor are finite. */
export function allFinite(values: Float32Array): boolean {
  // What is finite less itself is 0, all else NaN: a loop without branches or calls, for tensors of millions.
  let sum = 0
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0
    sum += value - value
  }
  return sum === 0
}
