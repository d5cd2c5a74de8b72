// jax-js on its WebAssembly device, compiled by `jit`, normalisation folded into the convolutions for inference. An array
// belongs to whom it is passed to, so whatever is used again is passed as `.ref`.
import { defaultDevice, init, jit, lax, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax'
import { forward, partsOf, sizesOf } from '../peers/network.mjs'
import { noise } from '../peers/noise.mjs'

const [rate, momentum] = [0.01, 0.9]

export async function open({ arch, mode, batch }) {
  await init('wasm')
  defaultDevice('wasm')
  const { size } = sizesOf(arch)
  const images = np.array(noise(batch * 3 * size * size)).reshape([batch, 3, size, size])
  const step = mode === 'training' ? trainingStep(arch, images) : inferenceStep(arch, images)
  return { step, runsOn: `jax-js, WebAssembly, ${navigator.hardwareConcurrency} threads` }
}

function inferenceStep(arch, images) {
  const scores = jit((parameters, x) => forward(arch, x, layersOver(parameters, folded)))
  const parameters = parametersOf(arch)
  return () => scores(tree.ref(parameters), images.ref).data()
}

/** Stochastic gradient descent with momentum; every image is of the first class. */
function trainingStep(arch, images) {
  const loss = (parameters, x) => {
    const scores = nn.logSoftmax(forward(arch, x, layersOver(parameters, normalised)))
    return scores.slice([], 0).mean().neg()
  }
  const update = jit((parameters, velocities, x) => {
    const [value, gradients] = valueAndGrad(loss)(tree.ref(parameters), x)
    const next = tree.map((velocity, gradient) => velocity.mul(momentum).add(gradient), velocities, gradients)
    const moved = tree.map(
      (parameter, velocity) => parameter.sub(velocity.mul(rate)),
      parameters,
      tree.ref(next),
    )
    return [value, moved, next]
  })
  let parameters = parametersOf(arch)
  let velocities = tree.map((parameter) => np.zeros(parameter.shape), parameters)
  return async () => {
    const [value, moved, next] = update(parameters, velocities, images.ref)
    parameters = moved
    velocities = next
    await value.data()
  }
}

function parametersOf(arch) {
  const { convolutions, head } = partsOf(arch)
  const random = (shape, reach) => {
    const length = shape.reduce((product, dim) => product * dim, 1)
    return np.array(noise(length).map((value) => value * reach)).reshape(shape)
  }
  const parameters = {
    weight: random([head.inputs, head.outputs], 1 / Math.sqrt(head.inputs)),
    bias: np.zeros([head.outputs]),
  }
  for (const { name, inputs, outputs, kernel } of convolutions) {
    const reach = Math.sqrt(6 / (outputs * kernel ** 2))
    parameters[`${name}.weight`] = random([outputs, inputs, kernel, kernel], reach)
    parameters[`${name}.scale`] = np.ones([outputs, 1, 1])
    parameters[`${name}.shift`] = np.zeros([outputs, 1, 1])
  }
  return parameters
}

function folded(y, _scale, shift) {
  return y.add(shift)
}

/** Batch normalisation, arXiv:1502.03167, algorithm 1. */
function normalised(y, scale, shift) {
  const centred = y.ref.sub(np.mean(y, [0, 2, 3], { keepdims: true }))
  const variance = np.mean(np.square(centred.ref), [0, 2, 3], { keepdims: true })
  return centred
    .div(np.sqrt(variance.add(1e-5)))
    .mul(scale)
    .add(shift)
}

function layersOver(parameters, normalise) {
  return {
    convolution(x, { name, kernel, stride, relu }) {
      const [weight, scale, shift] = ['weight', 'scale', 'shift'].map((key) => parameters[`${name}.${key}`])
      const pad = (kernel - 1) / 2
      const y = normalise(
        lax.convGeneralDilated(
          x,
          weight,
          [stride, stride],
          [
            [pad, pad],
            [pad, pad],
          ],
        ),
        scale,
        shift,
      )
      return relu ? nn.relu(y) : y
    },
    again: (x) => x.ref,
    maxPool(x) {
      const padded = np.pad(x, [
        [0, 0],
        [0, 0],
        [1, 1],
        [1, 1],
      ])
      return lax.reduceWindow(padded, np.max, [3, 3], [2, 2])
    },
    sum: (x, y) => nn.relu(x.add(y)),
    padShortcut(x, added) {
      const [batch, channels, height, width] = x.shape
      const pairs = x.reshape([batch, channels, height / 2, 2, width / 2, 2])
      return np.pad(pairs.slice([], [], [], 0, [], 0), [
        [0, 0],
        [added, added],
        [0, 0],
        [0, 0],
      ])
    },
    head: (x) => np.matmul(np.mean(x, [2, 3]), parameters.weight).add(parameters.bias),
  }
}
