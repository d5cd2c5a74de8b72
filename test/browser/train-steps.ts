/** Steps of training on one batch of pictures, in Node and on a page alike: CIFAR's ResNet-20 on squares, stripes and dots. */
import { buildTraining, config, initialise, wasmEngine } from 'resnet-ts'

export interface Training {
  readonly runsOn: string
  readonly losses: readonly number[]
}

const images = 16
const size = 32

/** Whether a picture of a kind has ink at a place. */
const kinds: readonly ((x: number, y: number) => boolean)[] = [
  (x, y) => Math.max(Math.abs(x - 16), Math.abs(y - 16)) < 10,
  (x) => x % 8 < 4,
  (_, y) => y % 8 < 4,
  (x, y) => x % 8 < 3 && y % 8 < 3,
]

function pixel(index: number): number {
  const image = Math.floor(index / (3 * size * size))
  const [x, y] = [index % size, Math.floor(index / size) % size]
  const shift = Math.floor(image / kinds.length)
  return kinds[image % kinds.length]?.(x + shift, y + 2 * shift) ? 1 : -1
}

export async function trainSteps(steps: number): Promise<Training> {
  const network = config('resnet20')
  const training = buildTraining(network)
  const session = await wasmEngine.open(initialise(training, 1))
  await session.add('first', training.first, { batch: images })
  await session.add('update', training.update, { batch: images })
  const targets = Float32Array.from({ length: images * network.classes }, (_, i) =>
    i % network.classes === Math.floor(i / network.classes) % kinds.length ? 1 : 0,
  )
  const inputs = new Map([
    ['image', Float32Array.from({ length: images * 3 * size * size }, (_, index) => pixel(index))],
    ['targets', targets],
    ['weights', new Float32Array(images).fill(1 / images)],
  ])
  const settings = new Map([
    ['rate/all', Float32Array.of(0.1)],
    ['scale', Float32Array.of(1)],
    ['momentum', Float32Array.of(0.9)],
    ['decay/all', Float32Array.of(1e-4)],
  ])
  const losses: number[] = []
  for (let step = 0; step < steps; step++) {
    const outputs = await session.run('first', inputs)
    losses.push(outputs.get('loss')?.[0] ?? Number.NaN)
    await session.run('update', settings)
  }
  await session.dispose()
  return { runsOn: session.runsOn, losses }
}
