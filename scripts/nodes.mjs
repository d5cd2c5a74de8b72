// The tests that depend on Node's version, on the releases of Node that this one is not: what sets V8's flags, starts threads
// and processes, and reads and writes files. npm's package `node` brings the releases.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const releases = ['20', '22', '24', '26']

/** The releases beside the one that runs. */
export const otherReleases = releases.filter((release) => release !== process.versions.node.split('.')[0])

const files = [
  'src/engines/wasm/simd-flags.test.ts',
  'src/engines/wasm/self-test.test.ts',
  'src/engines/wasm/wasm.test.ts',
  'test/cli-pictures.test.ts',
  'test/training-command.test.ts',
]

/** Installs a release of Node and hands it to `run` with the tests. */
export function onOtherNode(release, scratch, run) {
  const folder = join(scratch, `node-${release}`)
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const { status, stderr } = spawnSync(
    npm,
    ['install', '--prefix', folder, '--no-audit', `node@${release}`],
    {
      encoding: 'utf8',
      shell: process.platform === 'win32',
    },
  )
  if (status !== 0) {
    if (process.env.RESNET_TS_REQUIRE_NETWORK === '1')
      throw new Error(`npm install node@${release}: ${stderr}`)
    return { skipped: `the package node@${release} could not be installed from npm` }
  }
  const node = process.platform === 'win32' ? 'node.exe' : 'node'
  return run(join(folder, 'node_modules/node/bin', node), files)
}
