// This package in a browser.
import { buildResNet, config, initialise, wasmEngine } from 'resnet-ts'
import { sizesOf } from '../peers/network.mjs'
import { noise } from '../peers/noise.mjs'

export async function open({ arch, mode, batch, threads }) {
  if (mode === 'training') throw new Error('training in a page is not measured yet')
  const graph = buildResNet(config(arch))
  const session = await wasmEngine.open(initialise(graph, 0), { threads })
  await session.add('infer', graph, { batch })
  const images = new Map([['image', noise(batch * 3 * sizesOf(arch).size ** 2)]])
  return { step: () => session.run('infer', images), runsOn: session.runsOn }
}
