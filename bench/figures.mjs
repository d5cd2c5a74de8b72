// The figures of a row: in each column, a contestant's value or its ratio to another's.
import { median, ratio, summarise } from './statistics.mjs'

/** Who, and in which column. */
export function labelOf({ name, column }) {
  return column === undefined ? name : `${name}, ${column}`
}

/**
 * A figure by column: of the best of the contestants named in `of`, over the best of those named in `over`, or as it is
 * without `over`. A contestant without a column stands in all of them; a column in which one side is missing is left out.
 */
export function figureColumns({ of, over }, contestants, unit) {
  const measured = contestants.filter(({ missing }) => missing === undefined)
  const columns = new Set(measured.map(({ column }) => column).filter((column) => column !== undefined))
  const figures = {}
  for (const column of columns) {
    const there = measured.filter((contestant) => [column, undefined].includes(contestant.column))
    const above = bestOf(of, there, unit)
    const below = over === undefined ? undefined : bestOf(over, there, unit)
    if (above === undefined || (over !== undefined && below === undefined)) continue
    figures[column] =
      below === undefined
        ? summarise(above.samples)
        : { ...ratio(above.samples, below.samples), over: labelOf(below) }
  }
  return figures
}

function bestOf(names, contestants, unit) {
  const better = unit === 'images/s' ? (a, b) => b - a : (a, b) => a - b
  return contestants
    .filter(({ name }) => names.includes(name))
    .sort((a, b) => better(median(a.samples), median(b.samples)))[0]
}
