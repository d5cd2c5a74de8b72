// The trainer as a program calls it: `trainer.mjs EPOCHS --threads N --material DATASET`. Times are those of the last epoch:
// milliseconds a step with reading, augmentation and everything else that a step waits for, and the share of the epoch that
// its bookkeeping takes: logs, models and the state from which a run goes on. The first epoch decodes, later ones need not.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { enableExperimentalSimd, train } from '../../dist/index.js'
import { answer } from './answer.mjs'
import { work } from './arguments.mjs'

await answer(async () => {
  enableExperimentalSimd()
  const folder = mkdtempSync(join(tmpdir(), 'resnet-ts-trainer-'))
  let [runsOn, ms, steps, lastStep, bookkeeping] = ['', 0, 0, 0, 0]
  const options = { arch: 'cifar_resnet20', recipe: 'one-cycle', validation: 0, out: join(folder, 'run') }
  const changes = { epochs: Number(work.peer) + 1 }
  try {
    for await (const event of train({ data: work.material, ...options, changes, threads: work.threads })) {
      if (event.kind === 'started') [runsOn, steps] = [event.runsOn, event.stepsPerEpoch]
      if (event.kind === 'step') lastStep = performance.now()
      if (event.kind === 'epoch') ms = (event.seconds / steps) * 1000
      if (event.kind === 'saved') bookkeeping = performance.now() - lastStep
      // One epoch more is asked for than is run, so that nothing is evaluated at the end.
      if (event.kind === 'saved' && event.step === steps * Number(work.peer)) break
    }
    return { ms: [ms], runsOn, bookkeepingPercent: (100 * bookkeeping) / (ms * steps) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
