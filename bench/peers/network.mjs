// The ResNets of the benchmark (arXiv:1512.03385, the stride of a bottleneck in its 3×3 convolution), for peers that have no
// ready file of them: how layers follow one another, in terms of the layers that each peer gives.

const networks = {
  resnet18: { blocks: [2, 2, 2, 2], widths: [64, 128, 256, 512], kernels: [3, 3], expansion: 1 },
  resnet50: { blocks: [3, 4, 6, 3], widths: [64, 128, 256, 512], kernels: [1, 3, 1], expansion: 4 },
  resnet20: { blocks: [3, 3, 3], widths: [16, 32, 64], kernels: [3, 3], expansion: 1 },
}

/** The sides of a network's images, and its classes. */
export function sizesOf(arch) {
  return networks[arch].blocks.length === 3 ? { size: 32, classes: 10 } : { size: 224, classes: 1000 }
}

/**
 * The scores of images by `layers`: convolution(x, { name, inputs, outputs, kernel, stride, relu }) with its normalisation,
 * again(x) for a second use of x, maxPool(x) of 3×3 by 2, sum(x, y) with its ReLU, padShortcut(x, added), head(x, { inputs, outputs }).
 */
export function forward(arch, images, layers) {
  const { blocks, widths, kernels, expansion } = networks[arch]
  const cifar = blocks.length === 3
  let channels = widths[0]
  const stem = { name: 'stem', inputs: 3, outputs: channels, relu: true }
  let x = cifar
    ? layers.convolution(images, { ...stem, kernel: 3, stride: 1 })
    : layers.maxPool(layers.convolution(images, { ...stem, kernel: 7, stride: 2 }))
  for (const [stage, width] of widths.entries()) {
    for (let block = 0; block < blocks[stage]; block++) {
      const name = `${stage}.${block}`
      const stride = stage > 0 && block === 0 ? 2 : 1
      const outputs = width * expansion
      const branch = branchOf({ name, kernels, inputs: channels, width, outputs, stride })
      const shortcut = shortcutOf(layers.again(x), layers, { name, inputs: channels, outputs, stride, cifar })
      x = layers.sum(
        branch.reduce((y, layer) => layers.convolution(y, layer), x),
        shortcut,
      )
      channels = outputs
    }
  }
  return layers.head(x, { inputs: channels, outputs: sizesOf(arch).classes })
}

/** Its convolutions and its head, for peers that must know their parameters beforehand. */
export function partsOf(arch) {
  const parts = { convolutions: [], head: undefined }
  const nothing = () => undefined
  forward(arch, undefined, {
    convolution: (_, layer) => {
      parts.convolutions.push(layer)
    },
    head: (_, layer) => {
      parts.head = layer
    },
    again: nothing,
    maxPool: nothing,
    sum: nothing,
    padShortcut: nothing,
  })
  return parts
}

function branchOf({ name, kernels, inputs, width, outputs, stride }) {
  const strided = kernels.indexOf(3)
  return kernels.map((kernel, at) => ({
    name: `${name}.${at}`,
    inputs: at === 0 ? inputs : width,
    outputs: at === kernels.length - 1 ? outputs : width,
    kernel,
    stride: at === strided ? stride : 1,
    relu: at < kernels.length - 1,
  }))
}

/** Shortcut A (padding with channels of zeros) for CIFAR, B (a projection) elsewhere. */
function shortcutOf(x, layers, { name, inputs, outputs, stride, cifar }) {
  if (stride === 1 && inputs === outputs) return x
  if (cifar) return layers.padShortcut(x, (outputs - inputs) / 2)
  return layers.convolution(x, { name: `${name}.shortcut`, inputs, outputs, kernel: 1, stride, relu: false })
}
