// Who is measured. Each has a name, the column of figures that it belongs to (without one, to all), the command of one
// sample, and how its answer is read: milliseconds a step, and what it ran on.
import { join } from 'node:path'
import { command as resnet, root } from './materials.mjs'
import { nodeCommand } from './sample.mjs'
import { median } from './statistics.mjs'

const python = process.env.RESNET_BENCH_PYTHON ?? 'python3'
const script = (name) => join(root, 'bench/peers', name)

/** This package by its command `resnet bench`. */
export function ours(node, work) {
  return {
    name: 'ours',
    column: node.label,
    command: () => nodeCommand(node.path, resnet, ['bench', ...argumentsOf(work), '--json']),
    read(output) {
      const [{ msPerImage, batch, runsOn }] = JSON.parse(output)
      return { ms: msPerImage * batch, runsOn }
    },
  }
}

/** This package as it classifies a picture: the whole command, of which time and memory are taken from outside. */
export function oursClassifying(node, materials, arch) {
  const picture = join(root, 'examples/pictures/balloon.png')
  return {
    name: 'ours',
    column: node.label,
    command() {
      const model = materials.model(`${arch}.safetensors`)
      return nodeCommand(node.path, resnet, [
        'classify',
        picture,
        '--model',
        model,
        '--threads',
        '2',
        '--json',
      ])
    },
    read: () => ({ runsOn: `resnet classify, ${node.label}` }),
  }
}

/** The trainer in its n-th epoch: the first one decodes the pictures. `what`: the step's time, or what bookkeeping takes of it. */
export function oursTrainer(node, materials, { name, epoch, what = 'ms', pictures = 'cifar-10000' }) {
  return {
    name,
    column: node.label,
    command() {
      const work = [String(epoch), 'resnet20', '--threads', '2', '--material', materials.pictures(pictures)]
      return nodeCommand(node.path, script('trainer.mjs'), work)
    },
    read(output) {
      const { ms, runsOn, bookkeepingPercent } = JSON.parse(output.trimEnd().split('\n').at(-1))
      return what === 'ms' ? { ms: median(ms), runsOn } : { percent: bookkeepingPercent, runsOn }
    },
  }
}

/** Native, so that Node's version makes no difference. */
export function onnxruntimeNode(node, materials, work) {
  return onnxPeer('onnxruntime-node', node, materials, work)
}

export function onnxruntimeWeb(node, materials, work) {
  return { ...onnxPeer('onnxruntime-web', node, materials, work), column: node.label }
}

function onnxPeer(name, node, materials, work) {
  return {
    name,
    command() {
      const material = ['--material', materials.model(`${work.arch}.onnx`)]
      return nodeCommand(node.path, script('peer.mjs'), [name, ...argumentsOf(work), ...material])
    },
    read: readPeer,
  }
}

/** Ours or a peer on a page: `ours`, `tfjs` or `jax`. */
export function inChromium(name, peer, node, materials, work) {
  return {
    name,
    column: 'Chromium',
    command() {
      const material = ['--material', materials.page()]
      return nodeCommand(node.path, script('chromium.mjs'), [peer, ...argumentsOf(work), ...material])
    },
    read: readPeer,
  }
}

/** On channels-last tensors: `eager`, as it comes, or `compiled`. */
export function pytorch(way, work) {
  return {
    name: `PyTorch, ${way}`,
    command: () => [python, script('pytorch.py'), way, ...argumentsOf(work)],
    read: readPeer,
  }
}

/** The package as npm packs it. */
export function packedPackage(node) {
  return {
    name: 'ours',
    column: node.label,
    command: () => ['npm', '--prefix', root, 'pack', '--dry-run', '--ignore-scripts', '--json'],
    read: (output) => ({ bytes: JSON.parse(output)[0].unpackedSize, runsOn: 'npm pack' }),
  }
}

/** The same options for all; inference is everyone's default. */
function argumentsOf({ arch, mode, batch, threads, runs }) {
  const counts = Object.entries({ batch, threads, runs }).flatMap(([key, count]) => [
    `--${key}`,
    String(count),
  ])
  return [arch, ...(mode === 'inference' ? [] : ['--mode', mode]), ...counts]
}

/** A peer's last line; what its runtime prints stands before. */
function readPeer(output) {
  const { ms, runsOn } = JSON.parse(output.trimEnd().split('\n').at(-1))
  return { ms: median(ms), runsOn }
}
