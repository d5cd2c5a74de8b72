/** Models on real pictures, against what PyTorch answers on the same ones. */
import { readFileSync, statSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cachedModel } from '../src/hub/hub.ts'
import { SHIPPED_MODELS } from '../src/hub/shipped.ts'
import { enableExperimentalSimd, type LoadedModel, loadModel, readModel, writeModel } from '../src/index.ts'
import { dataFile, dataFolder } from './data.ts'
import { relativeDifference } from './network.ts'

// As the command does: it is up to twice as fast.
enableExperimentalSimd()

const fixture = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../fixtures/pictures/${name}`, import.meta.url), 'utf8'))

const published = 'resnet50.keras_in1k'
const mayFetch = process.env.RESNET_TS_REQUIRE_NETWORK === '1'
const available = mayFetch || (await cachedModel(published)) !== undefined

describe.skipIf(!available)('the published ResNet-50 on pictures drawn for it', () => {
  const pictures = fixture('logits.json') as readonly {
    readonly file: string
    readonly top5: readonly (readonly [number, number])[]
    readonly logits: readonly number[]
  }[]
  const path = (file: string) => new URL(`../examples/pictures/${file}`, import.meta.url).pathname

  describe.each(['reference', 'wasm'])('by the %s engine', (engine) => {
    let model: LoadedModel
    beforeAll(async () => {
      model = await loadModel(published, { engine })
    })
    afterAll(() => model.dispose())

    it.each(
      pictures.slice(0, engine === 'reference' ? 1 : undefined),
    )('answers as PyTorch does on $file', async ({ file, top5, logits }) => {
      const ours = await model.logitsOf(await model.prepare(path(file)))
      expect(relativeDifference(ours, logits)).toBeLessThan(1e-4)
      const [best] = await model.classify(path(file))
      expect(best?.index).toBe(top5[0]?.[0])
      expect(best?.probability).toBeCloseTo(top5[0]?.[1] ?? 0, 3)
      expect(best?.label).toBe(file.replace('.png', '').replace('-', ' '))
    })
  })
})

describe.skipIf(!available || dataFolder === undefined)('the published ResNet-50 on photographs', () => {
  interface Recorded {
    readonly top1: number
    readonly top5: number
    readonly images: Readonly<
      Record<string, { readonly class: number; readonly top5: readonly (readonly [number, number])[] }>
    >
  }

  it('is right as often as in PyTorch, and as sure', async () => {
    const recorded: Recorded = JSON.parse(readFileSync(dataFile('imagenet-200.json'), 'utf8'))
    const model = await loadModel(published)
    const evaluation = await model.evaluate(dataFile('imagenet-200.tar'))
    expect(evaluation.images).toBe(200)
    expect(Math.abs(evaluation.correct - recorded.top1)).toBeLessThanOrEqual(2)
    expect(Math.abs(evaluation.correct5 - recorded.top5)).toBeLessThanOrEqual(2)
    const probabilities = await bestProbabilities(model)
    const close = [...probabilities].filter(([file, [index, probability]]) => {
      const [best] = recorded.images[file]?.top5 ?? []
      return best?.[0] === index && Math.abs(best[1] - probability) <= 0.02
    })
    expect(close.length).toBeGreaterThanOrEqual(190)
    await model.dispose()
  })

  async function bestProbabilities(
    model: LoadedModel,
  ): Promise<ReadonlyMap<string, readonly [number, number]>> {
    const { openDataset } = await import('../src/datasets/open.ts')
    const dataset = await openDataset(dataFile('imagenet-200.tar'))
    const found = new Map<string, readonly [number, number]>()
    for (const { file, read } of dataset.items) {
      const [best] = await model.classify(await read(), { top: 1 })
      if (best !== undefined) found.set(file.split('/').at(-1) ?? '', [best.index, best.probability])
    }
    await dataset.close()
    return found
  }
})

describe('the shipped CIFAR-10 model', () => {
  it('is a small file, half precision, that says its classes', async () => {
    const { name, config, labels, notes } = await readModel('cifar10-resnet20')
    expect({ name, classes: config.classes, input: config.input, notes }).toEqual({
      name: 'cifar10-resnet20',
      classes: 10,
      input: [32, 32],
      notes: [expect.stringMatching(/^pictures: RGB .*the model file/)],
    })
    expect(labels.slice(0, 3)).toEqual(['airplane', 'automobile', 'bird'])
    for (const { file } of SHIPPED_MODELS) expect(statSync(file()).size).toBeLessThan(700_000)
  })

  it.skipIf(dataFolder === undefined)('names 87 of 100 test pictures rightly, as its page says', async () => {
    const model = await loadModel('cifar10-resnet20')
    const { images, correct } = await model.evaluate(dataFile('cifar10-jpeg.tar'), { split: 'test' })
    await model.dispose()
    expect(images).toBe(10_000)
    expect(Math.abs(correct - 8701)).toBeLessThanOrEqual(5)
  })
})

describe.skipIf(dataFolder === undefined)('a public CIFAR-10 checkpoint', () => {
  it('answers as PyTorch does on test pictures of every class', async () => {
    const { answers } = fixture('cifar.json') as { readonly answers: Readonly<Record<string, string>> }
    const model = await loadModel(dataFile('resnet20-12fca82f.th'))
    const { openDataset } = await import('../src/datasets/open.ts')
    const dataset = await openDataset(dataFile('cifar10-jpeg.tar'), { split: 'test' })
    const taken = dataset.items.filter((_, index) => index % 20 === 0)
    let same = 0
    for (const { file, class: label, read } of taken) {
      const [best] = await model.classify(await read(), { top: 1 })
      const position = dataset.items
        .filter((item) => item.class === label)
        .findIndex((item) => item.file === file)
      const expected = answers[dataset.classes[label] ?? '']?.[position]
      if (String(best?.index) === expected) same++
    }
    expect(taken).toHaveLength(500)
    expect(same).toBeGreaterThanOrEqual(499)
    await dataset.close()
    await model.dispose()
  })

  it('answers the same from half precision, in 0.55 MB', async () => {
    const model = await readModel(dataFile('resnet20-12fca82f.th'))
    const chunks: Uint8Array[] = []
    for await (const chunk of writeModel(model, { precision: 'float16' })) chunks.push(chunk)
    const bytes = new Uint8Array(Buffer.concat(chunks))
    expect(bytes.length).toBeGreaterThan(540_000)
    expect(bytes.length).toBeLessThan(570_000)
    const [whole, half] = [await loadModel(dataFile('resnet20-12fca82f.th')), await loadModel(bytes)]
    const { openDataset } = await import('../src/datasets/open.ts')
    const dataset = await openDataset(dataFile('cifar10-jpeg.tar'), { split: 'test' })
    const answers = { same: 0, taken: 0 }
    for (const { read } of dataset.items.filter((_, index) => index % 50 === 0)) {
      const picture = await read()
      const [ours] = await half.classify(picture, { top: 1 })
      const [theirs] = await whole.classify(picture, { top: 1 })
      answers.taken++
      if (ours?.index === theirs?.index) answers.same++
      expect(Math.abs((ours?.probability ?? 0) - (theirs?.probability ?? 1))).toBeLessThan(0.02)
    }
    expect(answers).toEqual({ same: 200, taken: 200 })
    await dataset.close()
    await Promise.all([whole.dispose(), half.dispose()])
  })

  it('is right on 8103 of the 10,000, give or take 5', async () => {
    const model = await loadModel(dataFile('resnet20-12fca82f.th'), {
      preprocessing: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
    })
    const evaluation = await model.evaluate(dataFile('cifar10-jpeg.tar'), { split: 'test' })
    expect(Math.abs(evaluation.correct - 8103)).toBeLessThanOrEqual(5)
    expect(evaluation.perClass).toHaveLength(10)
    await model.dispose()
  })
})
