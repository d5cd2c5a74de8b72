/**
 * A program of its own, which tries V8's flags, its arguments: does V8 survive them, and do the widest kernels compute right
 * then? It writes `right` when they do. Whatever else happens, a crash of V8 too, is a no.
 */
import { setFlagsFromString } from 'node:v8'
import { computesRight } from './self-test.ts'
import { openSession, revectorizedKernels } from './wasm.ts'

for (const flag of process.argv.slice(2)) setFlagsFromString(flag)

/** Runs of the kernels after the test, by which V8 has compiled them in every way that it has. */
const rounds = 5

async function survives(): Promise<boolean> {
  if ((await revectorizedKernels({ shared: true })) === undefined) return false
  for (let round = 0; round < rounds; round++) {
    const right = await computesRight((state) => openSession(state, { threads: 2 }, true, 'wide'))
    if (!right) return false
  }
  return true
}

// webpack copies this file as a script, in which nothing can be awaited at the top.
survives().then((survived) => process.stdout.write(survived ? 'right' : 'wrong'))
