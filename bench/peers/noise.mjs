// Images of noise: what they show does not change the time.

export function noise(length) {
  return Float32Array.from({ length }, (_, index) => ((index * 7919) % 1000) / 500 - 1)
}
