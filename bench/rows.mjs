// What is measured: rows of contestants that do the same work, and the figures that are made of their samples.
import {
  inChromium,
  onnxruntimeNode,
  onnxruntimeWeb,
  ours,
  oursClassifying,
  oursTrainer,
  packedPackage,
  pytorch,
} from './contestants.mjs'

const titles = {
  resnet18: 'ResNet-18 at 224',
  resnet50: 'ResNet-50 at 224',
  resnet20: 'CIFAR ResNet-20',
  resnet56: 'CIFAR ResNet-56',
}

const inferring = (arch) => ({ arch, mode: 'inference', batch: 1, threads: 2, runs: 20 })
const training = (arch, batch, runs) => ({ arch, mode: 'training', batch, threads: 2, runs })

/** Every row, for the Nodes there are; the first is the machine's own. */
export function rowsFor({ nodes, materials }) {
  return [
    inferenceRow('resnet18', nodes, materials),
    inferenceRow('resnet50', nodes, materials),
    trainingRow(training('resnet20', 128, 10), nodes),
    trainingRow(training('resnet56', 128, 6), nodes),
    trainingRow(training('resnet18', 16, 6), nodes),
    trainingRow(training('resnet50', 16, 4), nodes),
    browserRow(inferring('resnet18'), nodes, materials),
    browserRow(inferring('resnet50'), nodes, materials),
    browserRow(training('resnet20', 128, 10), nodes, materials),
    threadsRow(inferring('resnet50'), nodes),
    threadsRow(training('resnet20', 128, 10), nodes),
    firstPredictionRow(nodes, materials),
    ...trainerRows(nodes, materials),
    ...memoryRows(nodes, materials),
    sizeRow(nodes),
  ]
}

function titleOf({ arch, mode, batch }) {
  return `${titles[arch]}, ${mode}, batch ${batch}`
}

function inferenceRow(arch, nodes, materials) {
  const work = inferring(arch)
  return {
    name: `inference-${arch}`,
    title: titleOf(work),
    unit: 'ms',
    batch: work.batch,
    rounds: 5,
    contestants: [
      ...nodes.map((node) => ours(node, work)),
      onnxruntimeNode(nodes[0], materials, work),
      ...nodes.map((node) => onnxruntimeWeb(node, materials, work)),
      pytorch('compiled', work),
    ],
    figures: [
      { title: "our time over onnxruntime-node's", of: ['ours'], over: ['onnxruntime-node'] },
      { title: "onnxruntime-web's time over ours", of: ['onnxruntime-web'], over: ['ours'] },
      { title: "our time over PyTorch's", of: ['ours'], over: ['PyTorch, compiled'] },
    ],
  }
}

function trainingRow(work, nodes) {
  const theirs = ['eager', 'compiled'].map((way) => pytorch(way, work))
  return {
    name: `training-${work.arch}`,
    title: titleOf(work),
    unit: 'images/s',
    batch: work.batch,
    rounds: 3,
    contestants: [...nodes.map((node) => ours(node, work)), ...theirs],
    figures: [
      { title: "our images/s over PyTorch's best", of: ['ours'], over: theirs.map(({ name }) => name) },
    ],
  }
}

/** On a page: against the machine's own Node, and against the libraries that have threads in browsers alone. */
function browserRow(work, nodes, materials) {
  const [node] = nodes
  return {
    name: `browser-${work.mode}-${work.arch}`,
    title: `${titleOf(work)}, in Chromium`,
    unit: 'ms',
    batch: work.batch,
    rounds: 3,
    contestants: [
      inChromium('ours', 'ours', node, materials, work),
      { ...ours(node, work), name: `ours, ${node.label}`, column: undefined },
      inChromium('TensorFlow.js', 'tfjs', node, materials, work),
      // Slower by two orders of magnitude: one round tells.
      { ...inChromium('jax-js', 'jax', node, materials, work), rounds: 1 },
    ],
    figures: [
      { title: `our time over that on ${node.label}`, of: ['ours'], over: [`ours, ${node.label}`] },
      { title: "TensorFlow.js's time over ours", of: ['TensorFlow.js'], over: ['ours'] },
      { title: "jax-js's time over ours", of: ['jax-js'], over: ['ours'] },
    ],
  }
}

function threadsRow(work, nodes) {
  return {
    name: `threads-${work.mode}-${work.arch}`,
    title: titleOf(work),
    unit: 'ms',
    batch: work.batch,
    rounds: 3,
    contestants: nodes.flatMap((node) => [
      ours(node, work),
      { ...ours(node, { ...work, threads: 1 }), name: 'ours, one thread' },
    ]),
    figures: [{ title: "second thread's speed-up", of: ['ours, one thread'], over: ['ours'] }],
  }
}

function firstPredictionRow(nodes, materials) {
  return {
    name: 'first-prediction',
    title: 'CIFAR ResNet-20, one picture, from process start to end',
    unit: 's',
    rounds: 5,
    contestants: nodes.map((node) => oursClassifying(node, materials, 'resnet20')),
    figures: [{ title: 'first prediction, s', of: ['ours'] }],
  }
}

function memoryRows(nodes, materials) {
  const work = training('resnet50', 16, 2)
  const row = { unit: 'MB', rounds: 2, figures: [{ title: 'peak memory, MB', of: ['ours'] }] }
  return [
    {
      ...row,
      name: 'memory-inference',
      title: titleOf(inferring('resnet50')),
      contestants: nodes.map((node) => oursClassifying(node, materials, 'resnet50')),
    },
    {
      ...row,
      name: 'memory-training',
      title: titleOf(work),
      contestants: nodes.map((node) => ours(node, work)),
    },
  ]
}

/** `train()` with all that it does around the steps, against the bare steps of `resnet bench`. */
function trainerRows(nodes, materials) {
  const work = training('resnet20', 128, 10)
  const title = (pictures) => `CIFAR ResNet-20, the trainer on ${pictures} JPEG pictures, batch 128`
  const of = (more) => nodes.map((node) => oursTrainer(node, materials, { name: 'the trainer', ...more }))
  const epoch = (name, { epoch, pictures }) => ({
    name: `trainer-${name}`,
    title: `${title(`${pictures.slice(-5, -3)},000`)}, ${name} epoch`,
    unit: 'images/s',
    batch: work.batch,
    rounds: 3,
    contestants: [...of({ epoch, pictures }), ...nodes.map((node) => ours(node, work))],
    figures: [{ title: "its images/s over the bare steps'", of: ['the trainer'], over: ['ours'] }],
  })
  return [
    // The first one has to decode, so it is the whole set's; later ones are alike.
    epoch('first', { epoch: 1, pictures: 'cifar-50000' }),
    epoch('second', { epoch: 2, pictures: 'cifar-10000' }),
    {
      name: 'trainer-bookkeeping',
      title: title('10,000'),
      unit: '%',
      rounds: 2,
      contestants: of({ epoch: 2, what: 'bookkeeping' }),
      figures: [{ title: "bookkeeping's share of an epoch, %", of: ['the trainer'] }],
    },
    {
      name: 'trainer-memory',
      title: 'CIFAR ResNet-20, 50,000 JPEG pictures kept decoded, batch 128',
      unit: 'MB',
      rounds: 1,
      contestants: [...of({ epoch: 1, pictures: 'cifar-50000' }), ...nodes.map((node) => ours(node, work))],
      figures: [
        { title: 'peak memory of the trainer, MB', of: ['the trainer'] },
        { title: 'peak memory of the bare steps, MB', of: ['ours'] },
      ],
    },
  ]
}

function sizeRow([node]) {
  return {
    name: 'size',
    title: 'the package without its dependencies',
    unit: 'MB',
    rounds: 1,
    contestants: [packedPackage(node)],
    figures: [{ title: 'unpacked, MB', of: ['ours'] }],
  }
}
