// Where it is measured: the Nodes, the processor, the versions of what takes part.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { arch, cpus, platform, totalmem } from 'node:os'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))

/** The machine's own Node, and the newer one among the peers; each makes a column of figures. */
export function findNodes() {
  return [process.execPath, `${here}node_modules/node/bin/node`]
    .filter((path) => existsSync(path))
    .map((path) => ({ path, version: versionOf(path) }))
    .map(({ path, version }) => ({ path, version, label: `Node ${version.split('.')[0]}` }))
    .filter(({ label }, index, all) => all.findIndex((other) => other.label === label) === index)
}

function versionOf(node) {
  return spawnSync(node, ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout.trim()
}

/** What a result depends on, beside the work. */
export function describeMachine(nodes) {
  const processors = cpus()
  return {
    cpu: processors[0]?.model.trim(),
    cores: processors.length,
    memoryGB: Math.round(totalmem() / 1e9),
    system: `${platform()} ${arch()}`,
    nodes: nodes.map(({ version }) => version),
    packages: { 'resnet-ts': manifest('../package.json').version, ...peerVersions() },
  }
}

function peerVersions() {
  const { dependencies, optionalDependencies } = manifest('package.json')
  return Object.fromEntries(
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => name !== 'node' && existsSync(`${here}node_modules/${name}`))
      .map((name) => [name, manifest(`node_modules/${name}/package.json`).version]),
  )
}

function manifest(path) {
  return JSON.parse(readFileSync(here + path, 'utf8'))
}
