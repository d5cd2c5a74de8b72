// This package in a browser.
import { buildResNet, buildTraining, config, initialise, wasmEngine } from 'resnet-ts'
import { sizesOf } from '../peers/network.mjs'
import { noise } from '../peers/noise.mjs'

export async function open(work) {
  return work.mode === 'training' ? openTraining(work) : openInference(work)
}

async function openInference({ arch, batch, threads }) {
  const graph = buildResNet(config(arch))
  const session = await wasmEngine.open(initialise(graph, 0), { threads })
  await session.add('infer', graph, { batch })
  const images = new Map([['image', noise(batch * 3 * sizesOf(arch).size ** 2)]])
  return { step: () => session.run('infer', images), runsOn: session.runsOn }
}

async function openTraining({ arch, batch, threads }) {
  const training = buildTraining(config(arch))
  const session = await wasmEngine.open(initialise(training, 0), { threads })
  await session.add('first', training.first, { batch })
  await session.add('update', training.update, { batch })
  const { size, classes } = sizesOf(arch)
  const inputs = new Map([
    ['image', noise(batch * 3 * size ** 2)],
    ['targets', Float32Array.from({ length: batch * classes }, (_, index) => Number(index % classes === 0))],
    ['weights', new Float32Array(batch).fill(1 / batch)],
  ])
  const settings = new Map([
    ['rate/all', Float32Array.of(0.01)],
    ['scale', Float32Array.of(1)],
    ['momentum', Float32Array.of(0.9)],
    ['decay/all', Float32Array.of(1e-4)],
  ])
  const step = async () => {
    await session.run('first', inputs)
    await session.run('update', settings)
  }
  return { step, runsOn: session.runsOn }
}
