/** How many images of a batch a network in training is right about. */

/** Images whose greatest score is that of their target's greatest class. */
export function countCorrect(
  logits: Float32Array | undefined,
  targets: Float32Array | undefined,
  classes: number,
): number {
  if (logits === undefined || targets === undefined) return 0
  let correct = 0
  for (let start = 0; start < logits.length; start += classes) {
    if (greatest(logits, start, classes) === greatest(targets, start, classes)) correct++
  }
  return correct
}

function greatest(values: Float32Array, start: number, count: number): number {
  let best = 0
  for (let c = 1; c < count; c++) if ((values[start + c] ?? 0) > (values[start + best] ?? 0)) best = c
  return best
}
