// The benchmark against the peers: `npm run bench`, `npm run bench -- inference training-resnet20 --rounds 5 --name epyc`.
// Every sample is a fresh process, the contestants of a row take turns, and their order is reversed each round.
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { describeMachine, findNodes } from './machine.mjs'
import { command, openMaterials } from './materials.mjs'
import { measureRow } from './measure.mjs'
import { howToInstall } from './peers/answer.mjs'
import { openResults, summaryOf } from './results.mjs'
import { rowsFor } from './rows.mjs'

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { rounds: { type: 'string' }, name: { type: 'string', default: 'latest' } },
})

const nodes = findNodes()
if (nodes.length === 1) console.error(`only ${nodes[0].label} is measured: ${howToInstall}`)
const materials = openMaterials()
process.on('exit', () => materials.remove())
process.on('SIGINT', () => process.exit(130))
try {
  if (!existsSync(command)) throw new Error(`${command} is missing: npm run build makes it`)
  if (!/^[1-9]\d*$/.test(values.rounds ?? '1'))
    throw new Error(`--rounds takes a whole number, not ${values.rounds}`)
  const rows = chosen(rowsFor({ nodes, materials }), positionals)
  const file = openResults(values.name, describeMachine(nodes))
  for (const row of rows) file.add(await measureRow(row, Number(values.rounds ?? row.rounds)))
  const names = new Set(rows.map(({ name }) => name))
  console.log(summaryOf({ ...file.results, rows: file.results.rows.filter(({ name }) => names.has(name)) }))
  console.error(`\nwritten to ${file.path}`)
} catch (error) {
  console.error(error.message)
  process.exitCode = 1
}

/** The rows whose names start with one of the words; all without any. */
function chosen(rows, words) {
  const unknown = words.find((word) => !rows.some(({ name }) => name.startsWith(word)))
  if (unknown !== undefined) {
    throw new Error(
      `no row's name starts with "${unknown}"; there are ${rows.map(({ name }) => name).join(', ')}`,
    )
  }
  return rows.filter(({ name }) => words.length === 0 || words.some((word) => name.startsWith(word)))
}
