/** Networks that read grey pictures, networks with one score, and networks that answer nothing: what can be run is, the rest is said. */
import { describe, expect, test } from 'vitest'
import { buildResNet } from '../src/architecture/build.ts'
import type { ResNetConfig } from '../src/architecture/config.ts'
import { config, publishedPreprocessing, variantNamed, variants } from '../src/architecture/variants.ts'
import { sourceOfBytes } from '../src/checkpoint/bytes.ts'
import { consistentModel } from '../src/checkpoint/consistent.ts'
import type { Model } from '../src/checkpoint/model.ts'
import { modelFromCheckpoint } from '../src/checkpoint/model.ts'
import { writeModel } from '../src/checkpoint/model-file.ts'
import { readCheckpoint } from '../src/checkpoint/read.ts'
import { statesOf } from '../src/checkpoint/recognise/states.ts'
import { referenceEngine } from '../src/engines/reference/reference.ts'
import { onnxOfModel } from '../src/export/onnx.ts'
import { initialise } from '../src/graph/initialise.ts'
import { LoadedModel } from '../src/inference/loaded-model.ts'
import { networkFrom } from '../src/training/network.ts'
import { recipeNamed } from '../src/training/recipes.ts'
import { checkpointOf } from './checkpoint.ts'
import { readOnnx } from './onnx-file.ts'

const small = { ...config('cifar_resnet8'), input: [8, 8] } satisfies ResNetConfig

function modelOf(changes: Partial<ResNetConfig>, more: Partial<Model> = {}): Model {
  const own = { ...small, ...changes }
  const { preprocessing } = variantNamed('cifar_resnet8')
  return {
    name: 'small',
    config: own,
    tensors: initialise(buildResNet(own), 3),
    labels: [],
    preprocessing: publishedPreprocessing({ ...variantNamed('cifar_resnet8'), preprocessing }, own.input),
    provenance: new Map(),
    notes: [],
    ...more,
  }
}

/** A picture of noise, the same each time. */
function noise(width: number, height: number) {
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 7919 + ((i * i) % 251)) % 256)
  return { width, height, data }
}

const open = (model: Model) => LoadedModel.open(model, referenceEngine)

describe('a network of one channel', () => {
  test.each(variants().map(({ name }) => name))('%s: its statistics become those of grey', (name) => {
    const variant = variantNamed(name)
    const { config: own } = variant
    const preprocessing = publishedPreprocessing(variant, own.input)
    const { mean, std, channels } = preprocessing
    const shares = channels === 'rgb' ? [0.299, 0.587, 0.114] : [0.114, 0.587, 0.299]
    const sum = (values: readonly number[]) =>
      values.reduce((total, value, i) => total + value * (shares[i] ?? 0), 0)
    const { preprocessing: grey } = consistentModel({
      config: { ...own, inputChannels: 1 },
      labels: [],
      preprocessing,
    })
    expect(grey.mean).toEqual([expect.closeTo(sum(mean), 10)])
    expect(grey.std).toEqual([expect.closeTo(sum(std), 10)])
  })

  test('sees a picture as Pillow turns it to grey, before it is resized', async () => {
    const model = await open(modelOf({ inputChannels: 1 }))
    const picture = noise(8, 8)
    const {
      mean: [mean = 0],
      std: [std = 1],
    } = model.model.preprocessing
    const input = await model.prepare(picture)
    const expected = Array.from({ length: 64 }, (_, i) => {
      const [r = 0, g = 0, b = 0] = picture.data.slice(3 * i, 3 * i + 3)
      // Pillow's Convert.c: L = (R × 19595 + G × 38470 + B × 7471 + 32768) >> 16.
      return (((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16) / 255 - mean) / std
    })
    expect([...input]).toEqual(expected.map((value) => Math.fround(value)))
    const seen = await model.seen(noise(31, 17))
    expect(seen.data.every((value, i) => value === seen.data[i - (i % 3)])).toBe(true)
  })

  test('classifies, embeds, draws its map, is written, read, exported and trained', async () => {
    const own = modelOf({ inputChannels: 1 })
    const model = await open(own)
    const picture = noise(20, 12)
    expect(await model.classify(picture)).toHaveLength(5)
    expect((await model.embed(picture)).length).toBe(64)
    expect((await model.activationMap(picture)).width).toBe(2)
    const chunks: Uint8Array[] = []
    for await (const chunk of writeModel(own)) chunks.push(chunk)
    const again = await modelFromCheckpoint(await readCheckpoint(sourceOfBytes('m', Buffer.concat(chunks))))
    expect(again.preprocessing.mean).toHaveLength(1)
    expect(new TextDecoder('latin1').decode(onnxOfModel(own))).toContain('"mean":[0.48')
    const { config: trained, preprocessing } = networkFrom(again, {
      classes: ['a', 'b'],
      recipe: recipeNamed('fine-tune'),
    })
    expect([trained.inputChannels, preprocessing.mean.length, trained.classes]).toEqual([1, 1, 2])
  })
})

test.each([
  2, 4, 12,
])('a network of %d channels is read where its statistics are given, and fed no pictures', async (channels) => {
  const shapes = statesOf({ ...small, inputChannels: channels })
  const bare = modelFromCheckpoint(checkpointOf(shapes))
  await expect(bare).rejects.toThrow(
    `its network reads ${channels} channels. Pictures have three channels (colour) or one (grey)`,
  )
  const numbers = Array.from({ length: channels }, () => 0.5)
  const model = await modelFromCheckpoint(checkpointOf(shapes), {
    preprocessing: { mean: numbers, std: numbers },
  })
  const loaded = await open(model)
  await expect(loaded.classify(noise(8, 8))).rejects.toThrow(`reads ${channels} channels`)
  await expect(loaded.evaluate('nowhere')).rejects.toThrow(`reads ${channels} channels`)
  const [height, width] = model.preprocessing.crop
  expect((await loaded.logitsOf(new Float32Array(channels * height * width))).length).toBe(10)
  const train = () => networkFrom(model, { classes: ['a', 'b'], recipe: recipeNamed('fine-tune') })
  expect(train).toThrow(`reads ${channels} channels`)
})

describe('what scores say', () => {
  test('one score is of no and yes, by its sigmoid', async () => {
    const model = await open(modelOf({ classes: 1 }, { labels: ['ham', 'spam'] }))
    const picture = noise(8, 8)
    const [score = 0] = await model.logitsOf(await model.prepare(picture))
    const yes = 1 / (1 + Math.exp(-score))
    const answers = await model.classify(picture)
    expect(new Map(answers.map(({ label, probability }) => [label, probability]))).toEqual(
      new Map([
        ['spam', expect.closeTo(yes, 12)],
        ['ham', expect.closeTo(1 - yes, 12)],
      ]),
    )
    const maps = [
      await model.activationMap(picture, { class: 'ham' }),
      await model.activationMap(picture, { class: 'spam' }),
    ]
    expect(maps.map(({ index }) => index)).toEqual([0, 1])
    expect(maps[0]?.values).not.toEqual(maps[1]?.values)
  })

  test('of classes that are questions of their own, each has its sigmoid', async () => {
    const model = await open(modelOf({ classes: 3 }, { answers: 'each' }))
    const picture = noise(8, 8)
    const scores = await model.logitsOf(await model.prepare(picture))
    for (const { index, probability } of await model.classify(picture))
      expect(probability).toBeCloseTo(1 / (1 + Math.exp(-(scores[index] ?? 0))), 12)
  })

  test('a network without a classifier embeds, and answers no classes', async () => {
    const shapes = [...statesOf(small)].filter(([name]) => !name.startsWith('fc.'))
    const model = await open(await modelFromCheckpoint(checkpointOf(shapes, { value: () => 0.1 })))
    const picture = noise(8, 8)
    expect((await model.embed(picture)).length).toBe(64)
    const message = /has no classifier: features can be taken from it .* resnet train DATASET --from MODEL/
    await expect(model.classify(picture)).rejects.toThrow(message)
    await expect(model.activationMap(picture)).rejects.toThrow(message)
    await expect(model.evaluate('nowhere')).rejects.toThrow(message)
    const image = await model.prepare(picture)
    await expect(model.logitsOf(image)).rejects.toThrow(message)
    await expect(model.scoresOf(image, 1)).rejects.toThrow(message)
  })

  test('without a classifier the ONNX file has features as its only output', async () => {
    const { outputs, tensors } = readOnnx(onnxOfModel(modelOf({ classes: 1 }, { answers: 'none' })))
    expect(outputs.map(([name]) => name)).toEqual(['features'])
    expect(tensors.filter(({ name }) => name.startsWith('fc.'))).toEqual([])
  })

  test('scores that overflow are an error, not NaN', async () => {
    const huge = modelOf({})
    const tensors = new Map(
      [...huge.tensors].map(([name, values]) => [name, /conv/.test(name) ? values.map(() => 3e38) : values]),
    )
    const model = await open({ ...huge, tensors })
    await expect(model.classify(noise(8, 8))).rejects.toThrow('what it answers is no number')
  })

  test('labels that are not as many as the classes are refused wherever a model is opened', async () => {
    await expect(open(modelOf({}, { labels: ['a'] }))).rejects.toThrow('labels: there are 1 for 10 classes')
  })
})
