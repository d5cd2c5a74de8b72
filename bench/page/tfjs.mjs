// TensorFlow.js on its WebAssembly backend: channels last, normalisation folded into the convolutions for inference.
import * as tf from '@tensorflow/tfjs'
import { setThreadsCount, setWasmPaths, version_wasm } from '@tensorflow/tfjs-backend-wasm'
import plain from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url'
import simd from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url'
import threaded from '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-threaded-simd.wasm?url'
import { forward, partsOf, sizesOf } from '../peers/network.mjs'
import { noise } from '../peers/noise.mjs'

export async function open({ arch, mode, batch, threads }) {
  setWasmPaths({
    'tfjs-backend-wasm.wasm': plain,
    'tfjs-backend-wasm-simd.wasm': simd,
    'tfjs-backend-wasm-threaded-simd.wasm': threaded,
  })
  setThreadsCount(threads)
  await tf.setBackend('wasm')
  const { size, classes } = sizesOf(arch)
  const images = tf.tensor(noise(batch * 3 * size * size), [batch, size, size, 3])
  const layers = layersOver(parametersOf(arch), mode)
  const scores = () => forward(arch, images, layers)
  const runsOn = `TensorFlow.js ${version_wasm}, WebAssembly, ${threads} threads`
  if (mode === 'inference') return { step: () => read(tf.tidy(scores)), runsOn }
  const targets = tf.oneHot(tf.zeros([batch], 'int32'), classes)
  const optimiser = tf.train.momentum(0.01, 0.9)
  const loss = () => tf.losses.softmaxCrossEntropy(targets, scores())
  return { step: () => read(optimiser.minimize(loss, true)), runsOn }
}

async function read(tensor) {
  await tensor.data()
  tensor.dispose()
}

function parametersOf(arch) {
  const { convolutions, head } = partsOf(arch)
  const random = (shape, deviation) => tf.variable(tf.randomNormal(shape, 0, deviation))
  const parameters = new Map([
    ['weight', random([head.inputs, head.outputs], 1 / Math.sqrt(head.inputs))],
    ['bias', tf.variable(tf.zeros([head.outputs]))],
  ])
  for (const { name, inputs, outputs, kernel } of convolutions) {
    const deviation = Math.sqrt(2 / (outputs * kernel ** 2))
    parameters.set(`${name}.filter`, random([kernel, kernel, inputs, outputs], deviation))
    parameters.set(`${name}.scale`, tf.variable(tf.ones([outputs])))
    parameters.set(`${name}.shift`, tf.variable(tf.zeros([outputs])))
  }
  return parameters
}

function layersOver(parameters, mode) {
  return {
    convolution(x, { name, kernel, stride, relu }) {
      const [filter, scale, shift] = ['filter', 'scale', 'shift'].map((key) =>
        parameters.get(`${name}.${key}`),
      )
      const pad = (kernel - 1) / 2
      if (mode === 'inference') {
        const activation = relu ? 'relu' : 'linear'
        return tf.fused.conv2d({ x, filter, strides: stride, pad, bias: shift, activation })
      }
      const y = tf.conv2d(x, filter, stride, pad)
      const { mean, variance } = tf.moments(y, [0, 1, 2])
      const normalised = tf.batchNorm(y, mean, variance, shift, scale, 1e-5)
      return relu ? tf.relu(normalised) : normalised
    },
    again: (x) => x,
    maxPool: (x) => tf.maxPool(x, 3, 2, 1),
    sum: (x, y) => tf.relu(tf.add(x, y)),
    padShortcut(x, added) {
      const thinned = tf.stridedSlice(x, [0, 0, 0, 0], x.shape, [1, 2, 2, 1])
      return tf.pad(thinned, [
        [0, 0],
        [0, 0],
        [0, 0],
        [added, added],
      ])
    },
    head: (x) => tf.add(tf.matMul(tf.mean(x, [1, 2]), parameters.get('weight')), parameters.get('bias')),
  }
}
