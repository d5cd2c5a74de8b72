// Measures a row: in every round one sample of each contestant, in an order that is reversed from round to round; then the
// figures that the row asks for.
import { runSample } from './sample.mjs'
import { median, ratio, summarise } from './statistics.mjs'

/** What counts of a sample, by the row's unit. */
const counts = {
  ms: ({ ms }) => ms,
  'images/s': ({ ms, batch }) => (1000 * batch) / ms,
  s: ({ seconds }) => seconds,
  MB: ({ bytes }) => bytes / 1e6,
}

export async function measureRow({ name, title, unit, batch, contestants, figures }, rounds) {
  const entries = contestants.map(({ name, column }) => ({ name, column, samples: [] }))
  for (let round = 0; round < rounds; round++) {
    const order = [...contestants.keys()]
    for (const index of round % 2 === 0 ? order : order.reverse()) {
      const [contestant, entry] = [contestants[index], entries[index]]
      if (entry.missing !== undefined || round >= (contestant.rounds ?? rounds)) continue
      try {
        const { runsOn, ...sample } = await answerOf(contestant)
        entry.runsOn = runsOn
        entry.samples.push(counts[unit]({ ...sample, batch }))
      } catch (error) {
        entry.missing = error.message
      }
      const outcome = entry.missing ?? `${entry.samples.at(-1).toPrecision(4)} ${unit}`
      console.error(`${name}, round ${round + 1} of ${rounds}: ${labelOf(entry)}: ${outcome}`)
    }
  }
  return {
    name,
    title,
    unit,
    date: new Date().toISOString().slice(0, 10),
    contestants: entries,
    figures: figures.map((figure) => ({ title: figure.title, columns: columnsOf(figure, entries, unit) })),
  }
}

async function answerOf(contestant) {
  const { output, seconds, peakBytes } = await runSample(await contestant.command())
  return { seconds, bytes: peakBytes, ...contestant.read(output) }
}

/** Who, and in which column. */
export function labelOf({ name, column }) {
  return column === undefined ? name : `${name}, ${column}`
}

/** A figure in each column: of the best of some contestants, over that of some others or as it is. */
function columnsOf({ of, over }, entries, unit) {
  const columns = new Set(entries.map(({ column }) => column).filter((column) => column !== undefined))
  return Object.fromEntries(
    [...columns].flatMap((column) => {
      const there = entries.filter(
        (entry) => entry.missing === undefined && [column, undefined].includes(entry.column),
      )
      const [above, below] = [bestOf(of, there, unit), bestOf(over ?? of, there, unit)]
      if (above === undefined || below === undefined) return []
      const figure = over === undefined ? summarise(above.samples) : ratio(above.samples, below.samples)
      return [[column, over === undefined ? figure : { ...figure, of: labelOf(above), over: labelOf(below) }]]
    }),
  )
}

function bestOf(names, entries, unit) {
  const better = unit === 'images/s' ? (a, b) => b - a : (a, b) => a - b
  return entries
    .filter(({ name }) => names.includes(name))
    .sort((a, b) => better(median(a.samples), median(b.samples)))[0]
}
