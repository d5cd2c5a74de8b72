/** Our ONNX files run by ONNX Runtime: the logits are the reference engine's. */
import { describe, expect, it } from 'vitest'
import networks from '../scripts/onnx/networks.json' with { type: 'json' }
import { buildResNet } from '../src/architecture/build.ts'
import { changed } from '../src/architecture/change.ts'
import type { ResNetConfig } from '../src/architecture/config.ts'
import { config } from '../src/architecture/variants.ts'
import { referenceEngine } from '../src/engines/reference/reference.ts'
import { type OnnxOptions, toOnnx } from '../src/export/onnx.ts'
import { opsets } from '../src/export/opsets.ts'
import type { Graph } from '../src/graph/graph.ts'
import { select } from '../src/graph/select.ts'
import { bindBatch, elements } from '../src/ops/shape.ts'
import { generateInput, generateStates } from './generator.ts'
import { relativeDifference, runOnce } from './network.ts'
import { type OnnxFile, readOnnx } from './onnx-file.ts'
import { onnxRuntime } from './onnxruntime.ts'

/** One network for each form that operations take in ONNX: those that scripts/onnx/check.mjs shows other readers too. */
interface Row {
  readonly what: string
  readonly name: string
  /** Stages that are cut to two blocks: depth adds time, no form. */
  readonly depth?: number
  readonly set: Readonly<Record<string, unknown>>
  readonly gain?: number
}

const rows: readonly Row[] = networks

function configOf({ name, depth = 0, set }: Row, classes = 10): ResNetConfig {
  const cut = Array.from({ length: depth }, (_, stage) => [`stages.${stage}.blocks`, 2] as const)
  return changed(config(name), { ...Object.fromEntries(cut), ...set, classes })
}

function rowOf(what: string): Row {
  const found = rows.find((row) => row.what === what)
  if (found === undefined) throw new Error(`no network for ${what}`)
  return found
}

/** Each form that knows of the size of a map, and of the operators that changed between the opsets. */
const sizeMatters = [
  'deep stem and pooled shortcuts',
  'selective kernels',
  'blur with reflection',
  'group normalisation',
  'pools padded with zeros (Keras v2)',
  "SENet-154's stem, halved widths and 3×3 projections",
  'padding of the SAME kind',
  'option A',
  'inverted bottlenecks, ReLU6',
  'averages and maxima side by side, hidden layers',
].map(rowOf)

describe.skipIf(onnxRuntime === undefined)('ONNX Runtime on our files (npm install in bench/)', () => {
  async function onnxLogits(
    file: Uint8Array,
    image: Float32Array,
    shape: readonly number[],
  ): Promise<Float32Array> {
    if (onnxRuntime === undefined) throw new Error('no ONNX Runtime')
    const session = await onnxRuntime.InferenceSession.create(file, {})
    const { logits } = await session.run({ image: new onnxRuntime.Tensor('float32', image, shape) })
    const values = await logits?.getData()
    await session.release()
    return values instanceof Float32Array ? values : new Float32Array()
  }

  async function agrees(row: Row, options: OnnxOptions, size: readonly [number, number]): Promise<void> {
    const built = configOf(row)
    const graph = buildResNet(changed(built, { input: size }))
    const batch = options.batch ?? 2
    const image = generateInput([batch, built.inputChannels, ...size])
    const states = generateStates(graph, row.gain ?? 1)
    const inputs = new Map([['image', image]])
    const expected = await runOnce(referenceEngine, graph, { batch, states, inputs })
    const file = toOnnx(buildResNet(built), states, options)
    const logits = await onnxLogits(file, image, [batch, built.inputChannels, ...size])
    const wanted = expected.outputs.get('logits') ?? new Float32Array()
    expect(wanted).toHaveLength(batch * 10)
    expect(relativeDifference(logits, [...wanted])).toBeLessThan(1e-4)
  }

  it.each(rows.map((row) => [row.what, row] as const))('answers the reference logits: %s', (_what, row) =>
    agrees(row, {}, configOf(row).input))

  it.each(
    sizeMatters.map((row) => [row.what, row] as const),
  )('answers at another size than the one it was built for: %s', (_what, row) => {
    const [height, width] = configOf(row).input
    return agrees(row, { input: 'dynamic' }, [height - 5, width + 6])
  })

  it.each([opsets.least, opsets.greatest])('reads opset %i', async (opset) => {
    for (const row of sizeMatters.filter(({ depth }) => depth === undefined))
      await agrees(row, { opset, input: 'dynamic', batch: 3 }, configOf(row).input)
  })
})

describe('an ONNX file for images of any size', () => {
  const zeros = (graph: Graph) =>
    new Map(
      [...graph.states].map(([name, { shape }]) => [name, new Float32Array(elements(bindBatch(shape, 1)))]),
    )
  const write = (graph: Graph) => readOnnx(toOnnx(graph, zeros(graph), { name: 'it', input: 'dynamic' }))

  it.each(
    sizeMatters.map((row) => [row.what, row] as const),
  )('holds the size of no map: %s', (_what, row) => {
    const built = configOf(row)
    const [height, width] = built.input
    const one = write(buildResNet(built))
    const other = write(buildResNet(changed(built, { input: [height + 7, width + 10] })))
    expect(one.inputs).toEqual([['image', ['N', 3, 'height', 'width']]])
    expect(other.nodes).toEqual(one.nodes)
    const small = (file: OnnxFile) =>
      file.tensors.map(({ name, raw }) => [name, raw.length, [...raw.slice(0, 64)]])
    expect(small(other)).toEqual(small(one))
  })

  it('has free maps at its outputs too', () => {
    const graph = select(buildResNet(configOf(rowOf('basic blocks'))), ['stage2', 'features'])
    const file = readOnnx(toOnnx(graph, zeros(graph), { input: 'dynamic', batch: 4 }))
    expect(file.outputs).toEqual([
      ['stage2', [4, 128, 'stage2.height', 'stage2.width']],
      ['features', [4, 512]],
    ])
  })

  it('is refused with the reason where the network works at some sizes only', () => {
    expect(() => write(buildResNet(configOf(rowOf('pools in ceil mode (Caffe)'))))).toThrow(
      'it: height and width cannot be free, since the network does not work at 66×66 (avgpool: a fixed window of 2×2 must cover the whole map); write it for its own size',
    )
    expect(() => write(buildResNet(configOf(rowOf('option A with averages'))))).toThrow(
      'it: height and width cannot be free, since the network does not work at 33×33 (layer2.0.add: add needs two values of one shape, not [N, 32, 16, 16] and [N, 32, 17, 17]); write it for its own size',
    )
  })
})

describe('an ONNX file of another opset or batch', () => {
  const graph = buildResNet(changed(config('resnet20'), { input: [8, 8], 'stages.0.blocks': 1 }))
  const states = generateStates(graph)

  it('says so', () => {
    const old = readOnnx(toOnnx(graph, states, { opset: 13, batch: 5 }))
    expect(old).toMatchObject({ irVersion: 7, opset: 13 })
    expect(old.inputs).toEqual([['image', [5, 3, 8, 8]]])
    expect(old.outputs).toEqual([['logits', [5, 10]]])
    expect(readOnnx(toOnnx(graph, states, { opset: 25 }))).toMatchObject({ irVersion: 8, opset: 25 })
  })

  it.each([12, 26, 17.5, Number.NaN])('is not written for opset %d', (opset) => {
    expect(() => toOnnx(graph, states, { opset })).toThrow('the opset must be a whole number from 13 to 25')
  })

  it.each([0, -1, 1.5, Number.NaN])('is not written for a batch of %d', (batch) => {
    expect(() => toOnnx(graph, states, { batch })).toThrow('the batch must be a whole number from 1')
  })
})
