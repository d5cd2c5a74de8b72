// Results on paper: a file of JSON by name, to which each row is added once it is measured, and its summary as Markdown.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { isDeepStrictEqual } from 'node:util'
import { labelOf } from './figures.mjs'
import { summarise } from './statistics.mjs'

/** The results under a name, for more rows; a row that is measured again is replaced. */
export function openResults(name, machine) {
  const folder = fileURLToPath(new URL('./results/', import.meta.url))
  const path = `${folder}${name}.json`
  const results = existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : { machine, rows: [] }
  if (!isDeepStrictEqual(results.machine, machine)) {
    throw new Error(
      `${path} was measured on another machine or with other versions; give another --name or remove it`,
    )
  }
  return {
    path,
    results,
    add(row) {
      const at = results.rows.findIndex((other) => other.name === row.name)
      results.rows.splice(at < 0 ? results.rows.length : at, 1, row)
      mkdirSync(folder, { recursive: true })
      writeFileSync(path, `${JSON.stringify(results, null, 2)}\n`)
    },
  }
}

/** Figures first, then what they are made of. */
export function summaryOf({ machine, rows }) {
  const columns = [
    ...new Set(rows.flatMap(({ figures }) => figures.flatMap((figure) => Object.keys(figure.columns)))),
  ]
  return [
    machineLine(machine),
    '',
    ...table(
      ['work', 'figure', ...columns],
      rows.flatMap(({ title, figures }) =>
        figures.map((figure) => [
          title,
          figure.title,
          ...columns.map((column) => cell(figure.columns[column])),
        ]),
      ),
    ),
    '',
    ...table(
      ['work', 'who', 'median', 'lowest to highest', 'on'],
      rows.flatMap((row) => row.contestants.map((entry) => [row.title, ...measuredCells(entry, row)])),
    ),
  ].join('\n')
}

function machineLine({ cpu, cores, memoryGB, system, nodes, packages }) {
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`)
  return `${cpu}, ${cores} cores, ${memoryGB} GB, ${system}; Node ${nodes.join(' and ')}; ${versions.join(', ')}.`
}

function cell(figure) {
  return figure === undefined
    ? '–'
    : `${short(figure.median)} (${short(figure.low)} to ${short(figure.high)})`
}

function measuredCells(entry, { unit, date }) {
  if (entry.missing !== undefined) return [labelOf(entry), '–', '–', entry.missing]
  const { median, low, high } = summarise(entry.samples)
  return [
    labelOf(entry),
    `${short(median)} ${unit}`,
    `${short(low)} to ${short(high)}`,
    `${entry.runsOn}; ${date}`,
  ]
}

/** Three digits that count. */
function short(value) {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
}

function table(titles, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)]
}
