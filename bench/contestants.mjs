// Who is measured. Each has a name, the column of figures that it belongs to (without one, to all), the command of one
// sample, and how its answer is read: milliseconds a step, and what it ran on.
import { join } from 'node:path'
import { command as resnet, root } from './materials.mjs'
import { nodeCommand } from './sample.mjs'
import { median } from './statistics.mjs'

const python = process.env.RESNET_BENCH_PYTHON ?? 'python3'

/** This package, by its command `resnet bench`. */
export function ours(node, work) {
  return {
    name: 'ours',
    column: node.label,
    command: () =>
      nodeCommand(node.path, resnet, ['bench', work.arch, ...modeOf(work), ...optionsOf(work), '--json']),
    read(output) {
      const [{ msPerImage, batch, runsOn }] = JSON.parse(output)
      return { ms: msPerImage * batch, runsOn }
    },
  }
}

/** Native, so that Node's version makes no difference. */
export function onnxruntimeNode(node, work, materials) {
  return { name: 'onnxruntime-node', ...onnxPeer('onnxruntime-node', node, work, materials) }
}

export function onnxruntimeWeb(node, work, materials) {
  return {
    name: 'onnxruntime-web',
    column: node.label,
    ...onnxPeer('onnxruntime-web', node, work, materials),
  }
}

function onnxPeer(peer, node, work, materials) {
  return {
    command() {
      const args = [peer, materials.model(`${work.arch}.onnx`), ...optionsOf(work)]
      return nodeCommand(node.path, join(root, 'bench/peers/peer.mjs'), args)
    },
    read: readPeer,
  }
}

/** As it comes and compiled, on channels-last tensors. */
export function pytorch(work) {
  return ['eager', 'compiled'].map((way) => ({
    name: `PyTorch, ${way}`,
    command: () => [
      python,
      join(root, 'bench/peers/pytorch.py'),
      work.arch,
      way,
      ...modeOf(work),
      ...optionsOf(work),
    ],
    read: readPeer,
  }))
}

function modeOf({ mode }) {
  return mode === 'training' ? ['--mode', 'training'] : []
}

function optionsOf({ batch, threads, runs }) {
  return ['--batch', batch, '--threads', threads, '--runs', runs].map(String)
}

/** A peer's last line; what its runtime prints stands before. */
function readPeer(output) {
  const { ms, runsOn } = JSON.parse(output.trimEnd().split('\n').at(-1))
  return { ms: median(ms), runsOn }
}
