// Measures one peer in this process: `node peer.mjs PEER MODEL --batch N --threads N --runs N` prints { ms: [...], runsOn }.
import { parseArgs } from 'node:util'
import { timeSteps } from './time-steps.mjs'

const count = { type: 'string' }
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { batch: count, threads: count, runs: count },
})
const [peer, model] = positionals
try {
  const { open } = await import(`./${peer}.mjs`)
  const { step, runsOn } = await open({
    model,
    size: 224,
    batch: Number(values.batch),
    threads: Number(values.threads),
  })
  console.log(JSON.stringify({ ms: await timeSteps(step, Number(values.runs)), runsOn }))
  // The threads of a runtime would keep the process alive.
  process.exit(0)
} catch (error) {
  console.error(error.message)
  process.exit(1)
}
