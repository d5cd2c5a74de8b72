// What is measured: rows of contestants that do the same work, and the figures that are made of them.
import { onnxruntimeNode, onnxruntimeWeb, ours, pytorch } from './contestants.mjs'

const titles = {
  resnet18: 'ResNet-18 at 224',
  resnet50: 'ResNet-50 at 224',
  resnet20: 'CIFAR ResNet-20',
  resnet56: 'CIFAR ResNet-56',
}

export function rowsFor({ nodes, materials }) {
  return [...['resnet18', 'resnet50'].map((arch) => inference({ nodes, materials, arch }))]
}

function inference({ nodes, materials, arch }) {
  const work = { arch, mode: 'inference', batch: 1, threads: 2, runs: 20 }
  return {
    name: `inference-${arch}`,
    title: `${titles[arch]}, inference, batch 1`,
    unit: 'ms',
    rounds: 5,
    contestants: [
      ...nodes.map((node) => ours(node, work)),
      onnxruntimeNode(nodes[0], work, materials),
      ...nodes.map((node) => onnxruntimeWeb(node, work, materials)),
      ...pytorch(work),
    ],
    figures: [
      { title: "our time over onnxruntime-node's", of: ['ours'], over: ['onnxruntime-node'] },
      { title: "onnxruntime-web's time over ours", of: ['onnxruntime-web'], over: ['ours'] },
      { title: "our time over PyTorch's best", of: ['ours'], over: ['PyTorch, eager', 'PyTorch, compiled'] },
    ],
  }
}
