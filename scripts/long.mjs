// The tests with what `npm test` has no time for: property tests with many more cases (hostile bytes in every reader,
// operations, shapes), and runs that take minutes.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
const { status } = spawnSync(
  process.execPath,
  [vitest, 'run', '--testTimeout=3600000', ...process.argv.slice(2)],
  {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, RESNET_TS_CASES: process.env.RESNET_TS_CASES ?? '100000', RESNET_TS_MINUTES: '1' },
    stdio: 'inherit',
  },
)
process.exit(status ?? 1)
