// Measures a row: in every round one sample of each contestant, in an order that is reversed from round to round; then the
// figures that the row asks for.
import { figureColumns, labelOf } from './figures.mjs'
import { runSample } from './sample.mjs'

/** What counts of a sample, by the row's unit. */
const counts = {
  ms: ({ ms }) => ms,
  'images/s': ({ ms, batch }) => (1000 * batch) / ms,
  s: ({ seconds }) => seconds,
  MB: ({ bytes }) => bytes / 1e6,
  '%': ({ percent }) => percent,
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
    figures: figures.map((figure) => ({
      title: figure.title,
      columns: figureColumns(figure, entries, unit),
    })),
  }
}

async function answerOf(contestant) {
  const { output, seconds, peakBytes } = await runSample(contestant.command())
  return { seconds, bytes: peakBytes, ...contestant.read(output) }
}
