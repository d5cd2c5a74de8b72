// Figures of samples taken in turn: of each contestant one sample a round, so that what slows the machine for a while
// slows the samples of one round alike, and their ratio stays.

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return (sorted[Math.ceil(middle) - 1] + sorted[Math.floor(middle)]) / 2
}

/** The median, and between which values the samples lie. */
export function summarise(samples) {
  return { median: median(samples), low: Math.min(...samples), high: Math.max(...samples) }
}

/** The ratio of the medians, and between which values the ratios of the single rounds lie. */
export function ratio(of, over) {
  const rounds = Array.from(
    { length: Math.min(of.length, over.length) },
    (_, round) => of[round] / over[round],
  )
  return { ...summarise(rounds), median: median(of) / median(over) }
}
