/** Class activation maps: what they add up to, where their greatest cell lies on photographs, what is drawn of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildResNet } from '../src/architecture/build.ts'
import { changed } from '../src/architecture/change.ts'
import { config } from '../src/architecture/variants.ts'
import { openDataset } from '../src/datasets/open.ts'
import type { Engine, TensorMap } from '../src/engines/engine.ts'
import { referenceEngine } from '../src/engines/reference/reference.ts'
import { wasmEngine } from '../src/engines/wasm/wasm.ts'
import { ArgumentError } from '../src/errors.ts'
import { GraphBuilder } from '../src/graph/builder.ts'
import type { Graph } from '../src/graph/graph.ts'
import { cachedModel } from '../src/hub/hub.ts'
import { type LoadedModel, loadModel, type PictureInput, readModel } from '../src/index.ts'
import { evidenceFor, lastMapName, mapCutOf, shareOfGreatest } from '../src/inference/cam.ts'
import { drawMap } from '../src/inference/draw-map.ts'
import { linear } from '../src/ops/linear.ts'
import { dataFile, dataFolder } from './data.ts'
import { generateInput, generateStates } from './generator.ts'
import { relativeDifference } from './network.ts'

const engines: readonly Engine[] = [referenceEngine, wasmEngine]
const published = 'resnet50.keras_in1k'
const hasPublished =
  process.env.RESNET_TS_REQUIRE_NETWORK === '1' || (await cachedModel(published)) !== undefined

/** The logits of an image, and the same numbers as each class's mean evidence over the cells plus its bias. */
async function logitsTwice(
  engine: Engine,
  { graph, states, image }: { graph: Graph; states: TensorMap; image: Float32Array },
): Promise<{ readonly logits: Float32Array; readonly ofEvidence: readonly number[] }> {
  const cut = mapCutOf(graph)
  const session = await engine.open(states)
  await session.add('map', cut.graph, { batch: 1 })
  const outputs = await session.run('map', new Map([['image', image]]))
  await session.dispose()
  const logits = tensor(outputs, 'logits')
  const bias = tensor(states, cut.weight.name.replace(/weight$/, 'bias'))
  const cells = cut.width * cut.height
  const ofEvidence = Array.from(logits, (_, index) => {
    const evidence = evidenceFor(index, tensor(states, cut.weight.name), tensor(outputs, lastMapName), cells)
    return evidence.reduce((a, b) => a + b, 0) / cells + (bias[index] ?? Number.NaN)
  })
  return { logits, ofEvidence }
}

function tensor(tensors: TensorMap, name: string): Float32Array {
  const values = tensors.get(name)
  if (values === undefined) throw new Error(`there is no ${name}`)
  return values
}

describe.each(engines)('the evidence of all cells and the bias make the logit, by $name', (engine) => {
  const small = config('cifar_resnet8')
  it.each([
    ['of the CIFAR network', small],
    ['behind a last normalisation', { ...config('preact_resnet18'), input: [64, 64] as const }],
    ['behind a last convolution', { ...config('mobilenetv2_050'), input: [96, 96] as const }],
    [
      'before a classifier that is a convolution, behind a fixed window',
      changed(small, { 'head.classifier': 'convolution', 'head.pool': { kind: 'fixed', size: 8 } }),
    ],
  ])('%s', async (_, network) => {
    const graph = buildResNet(network)
    const image = generateInput([1, 3, ...network.input])
    const { logits, ofEvidence } = await logitsTwice(engine, { graph, states: generateStates(graph), image })
    expect(relativeDifference(logits, ofEvidence)).toBeLessThan(1e-4)
  })
})

it('needs a global average pool and one classifier', () => {
  const graph = new GraphBuilder()
  const weight = graph.parameter('fc.weight', [2, 3], { kind: 'normal', deviation: 1 })
  const logits = graph.add('logits', linear, {}, [graph.input('image', ['N', 3]), weight])
  graph.output('logits', logits)
  expect(() => mapCutOf(graph.build())).toThrow(ArgumentError)
  expect(() => mapCutOf(graph.build())).toThrow('whose head is a global average pool and one classifier')
})

describe('the share of the greatest', () => {
  it('is 0 for what speaks against the class', () => {
    expect([...shareOfGreatest(Float64Array.of(-8, 0, 1, 4))]).toEqual([0, 0, 0.25, 1])
  })

  it('is 0 everywhere where nothing speaks for it', () => {
    expect([...shareOfGreatest(Float64Array.of(-8, -1))]).toEqual([0, 0])
  })
})

describe('a drawn map', () => {
  const grey = (width: number, height: number) => ({
    width,
    height,
    data: new Uint8Array(width * height * 3).fill(128),
  })
  const map = { width: 2, height: 1, values: Float32Array.of(0, 1) }

  it('is light where the class is seen and dark where it is not', () => {
    const { width, height, data } = drawMap(grey(300, 200), map)
    expect([width, height]).toEqual([300, 200])
    const at = (x: number) => [...data.subarray((100 * width + x) * 3, (100 * width + x) * 3 + 3)]
    expect(Math.max(...at(20))).toBeLessThan(80)
    expect(Math.min(...at(280).slice(0, 2))).toBeGreaterThan(190)
  })

  it('enlarges a small picture so that a person sees it', () => {
    const { width, height, data } = drawMap(grey(32, 16), map)
    expect([width, height, data.length]).toEqual([224, 112, 224 * 112 * 3])
  })
})

/** The middle of the greatest cell, across and down, as shares of the picture's sides. */
async function greatest(
  model: LoadedModel,
  picture: PictureInput,
): Promise<{ readonly label: string; readonly across: number; readonly down: number }> {
  const { label, width, height, values } = await model.activationMap(picture)
  const cell = values.indexOf(1)
  return { label, across: ((cell % width) + 0.5) / width, down: (Math.floor(cell / width) + 0.5) / height }
}

async function photograph(archive: string, end: string): Promise<PictureInput> {
  const dataset = await openDataset(dataFile(archive))
  const item = dataset.items.find(({ file }) => file.endsWith(end))
  if (item === undefined) throw new Error(`${archive} has no ${end}`)
  const picture = await item.read()
  await dataset.close()
  return picture
}

describe.skipIf(dataFolder === undefined)('on photographs', () => {
  it.each(engines)('a small network agrees with itself, by $name', async (engine) => {
    const { config, tensors, preprocessing } = await readModel(dataFile('resnet20-12fca82f.th'))
    const model = await loadModel(dataFile('resnet20-12fca82f.th'), { engine: engine.name })
    const picture = await photograph('cifar10-jpeg.tar', 'test/horse/0000.jpg')
    const graph = buildResNet({ ...config, input: preprocessing.crop })
    const image = await model.prepare(picture)
    const { logits, ofEvidence } = await logitsTwice(engine, { graph, states: tensors, image })
    expect(relativeDifference(logits, ofEvidence)).toBeLessThan(1e-4)
    expect(relativeDifference(await model.logitsOf(image), logits)).toBeLessThan(1e-4)
    // The horse stands to the right, its head and chest highest.
    const { label, across, down } = await greatest(model, picture)
    expect(label).toBe('horse')
    expect(across).toBeGreaterThan(0.5)
    expect(down).toBeLessThan(0.6)
    await model.dispose()
  })

  describe.skipIf(!hasPublished)('by the published ResNet-50', () => {
    let model: LoadedModel
    beforeAll(async () => {
      model = await loadModel(published)
    })
    afterAll(() => model.dispose())

    // Where each thing is in the picture that the network sees: left, right, top, bottom.
    it.each([
      ['red-backed sandpiper', [0.22, 0.68, 0.32, 0.68]],
      ['grey fox', [0.28, 0.86, 0.3, 0.66]],
      ['paper towel', [0.42, 0.8, 0.72, 1]],
    ] as const)('the greatest cell lies on the %s', async (label, [left, right, top, bottom]) => {
      const picture = await photograph('imagenet-200.tar', `_${label.replaceAll(' ', '_')}.JPEG`)
      const found = await greatest(model, picture)
      expect(found.label).toBe(label)
      expect(found.across).toBeGreaterThan(left)
      expect(found.across).toBeLessThan(right)
      expect(found.down).toBeGreaterThan(top)
      expect(found.down).toBeLessThan(bottom)
    })

    it('the evidence of all cells and the bias make the logit', async () => {
      const { config, tensors, preprocessing } = model.model
      const graph = buildResNet({ ...config, input: preprocessing.crop })
      const image = await model.prepare(await photograph('imagenet-200.tar', '_grey_fox.JPEG'))
      const { logits, ofEvidence } = await logitsTwice(wasmEngine, { graph, states: tensors, image })
      expect(relativeDifference(logits, ofEvidence)).toBeLessThan(1e-4)
    })

    it('looks for another class by its name or number, and knows no others', async () => {
      const picture = await photograph('imagenet-200.tar', '_grey_fox.JPEG')
      const byName = await model.activationMap(picture, { class: 'grey fox' })
      expect(byName).toEqual(await model.activationMap(picture))
      expect(await model.activationMap(picture, { class: byName.index })).toEqual(byName)
      const other = await model.activationMap(picture, { class: 'volcano' })
      expect(other.probability).toBeLessThan(0.01)
      expect(other.values).not.toEqual(byName.values)
      await expect(model.activationMap(picture, { class: 'zeppelin' })).rejects.toThrow(
        'has no class called "zeppelin"',
      )
      await expect(model.activationMap(picture, { class: 1000 })).rejects.toThrow(
        'class must be a whole number from 0 to 999, not 1000',
      )
    })
  })
})
