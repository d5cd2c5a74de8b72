// The property tests with many more cases than `npm test` gives them: hostile bytes in every reader, operations, shapes.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--testTimeout=3600000', ...process.argv.slice(2)],
  {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, RESNET_TS_CASES: process.env.RESNET_TS_CASES ?? '100000' },
    stdio: 'inherit',
  },
)
process.exit(status ?? 1)
