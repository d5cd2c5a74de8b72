import { describe, expect, test } from 'vitest'
import { preprocessingNamed } from '../architecture/preprocessing.ts'
import { config } from '../architecture/variants.ts'
import type { EpochEnded, Started, Stepped } from './events.ts'
import { tensorboardHeader, tensorboardRecords } from './tensorboard.ts'

const step: Stepped = {
  kind: 'step',
  step: 300,
  epoch: 2,
  loss: 1.5,
  accuracy: 0.25,
  rate: 0.125,
  gradientNorm: 3,
  images: 128,
  imagesPerSecond: 640,
  secondsLeft: 60,
}
const epoch: EpochEnded = {
  kind: 'epoch',
  epoch: 2,
  step: 390,
  rate: 0.125,
  train: { loss: 1.25, accuracy: 0.5 },
  val: { images: 1000, loss: 0.75, top1: 0.625, top5: 1 },
  best: true,
  seconds: 9,
  imagesPerSecond: 640,
}
const started: Started = {
  kind: 'started',
  settings: {
    arch: 'cifar_resnet8',
    config: config('cifar_resnet8'),
    preprocessing: preprocessingNamed('cifar10'),
    classes: ['Katze', 'Hündin'],
    recipeName: 'short',
    recipe: {
      description: 'two epochs',
      source: 'this test',
      epochs: 2,
      batch: 8,
      microBatch: null,
      leastSteps: null,
      optimiser: { kind: 'sgd', momentum: 0.9, nesterov: true },
      rate: 0.1,
      schedule: { kind: 'constant' },
      warmUp: null,
      decay: 0,
      decayed: 'all',
      clip: null,
      average: null,
      labelSmoothing: 0,
      classWeights: 'none',
      distillation: null,
      zeroLastScale: false,
      stochasticDepth: null,
      patience: null,
      augmentation: {
        crop: { kind: 'centre' },
        flip: 0.5,
        jitter: null,
        policy: null,
        erasing: null,
        mixup: null,
        cutMix: null,
      },
      fineTuning: { headEpochs: 0, stageRate: 1, frozen: 0, copies: 1 },
    },
    seed: 1,
    from: null,
    teacher: null,
    sources: { from: null, teacher: null },
    dataset: {
      name: 'pets',
      train: 16,
      val: 4,
      test: 0,
      valFrom: 'share',
      validation: 0.1,
      fingerprint: '00000000',
    },
  },
  parameters: 75_290,
  trained: 75_290,
  macs: 12_500_000,
  stepsPerEpoch: 2,
  runsOn: 'wasm',
  resumedAt: 0,
  passedOver: [],
}

/** The fields of a message by their numbers: doubles, floats and varints as numbers, the rest as bytes. */
function fieldsOf(bytes: Uint8Array): ReadonlyMap<number, readonly (number | Uint8Array)[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const varint = (): number => {
    let value = 0
    for (let shift = 1; ; shift *= 128) {
      const byte = view.getUint8(at++)
      value += (byte % 128) * shift
      if (byte < 128) return value
    }
  }
  const take = (size: number): number => {
    at += size
    return at - size
  }
  const value = (type: number): number | Uint8Array => {
    if (type === 0) return varint()
    if (type === 1) return view.getFloat64(take(8), true)
    if (type === 5) return view.getFloat32(take(4), true)
    const length = varint()
    return bytes.subarray(at, take(length) + length)
  }
  const fields = new Map<number, (number | Uint8Array)[]>()
  while (at < bytes.length) {
    const tag = varint()
    fields.set(tag >> 3, [...(fields.get(tag >> 3) ?? []), value(tag & 7)])
  }
  return fields
}

const asBytes = (value: number | Uint8Array | undefined): Uint8Array =>
  value instanceof Uint8Array ? value : new Uint8Array(0)
const asText = (value: number | Uint8Array | undefined): string => new TextDecoder().decode(asBytes(value))

/** The messages of records, by their lengths alone. */
function messagesOf(records: Uint8Array): readonly Uint8Array[] {
  const view = new DataView(records.buffer, records.byteOffset, records.byteLength)
  const messages: Uint8Array[] = []
  for (let at = 0; at < records.length; ) {
    const length = Number(view.getBigUint64(at, true))
    messages.push(records.subarray(at + 12, at + 12 + length))
    at += 16 + length
  }
  return messages
}

function scalarsOf(records: Uint8Array) {
  return messagesOf(records).map((message) => {
    const event = fieldsOf(message)
    const summary = fieldsOf(asBytes(event.get(5)?.[0]))
    const values = (summary.get(1) ?? []).map((value) => fieldsOf(asBytes(value)))
    const scalars = values.map((value) => [asText(value.get(1)?.[0]), value.get(2)?.[0]])
    return { wallTime: event.get(1)?.[0], step: event.get(2)?.[0], scalars: Object.fromEntries(scalars) }
  })
}

describe('a TensorBoard file', () => {
  test('begins as those of TensorFlow do, checksums included', () => {
    // What TensorFlow's own writer leaves of an event at that time.
    expect(Buffer.from(tensorboardHeader(1_700_000_000)).toString('hex')).toBe(
      '1800000000000000a37f4b220900000040fc54d9411a0d627261696e2e4576656e743a32eced8f9d',
    )
  })

  test('holds what a step and an epoch say, at their steps', () => {
    expect(scalarsOf(tensorboardRecords(step, 1_700_000_000.5))).toEqual([
      {
        wallTime: 1_700_000_000.5,
        step: 300,
        scalars: {
          'loss/step': 1.5,
          'accuracy/step': 0.25,
          rate: 0.125,
          gradient_norm: 3,
          images_per_second: 640,
        },
      },
    ])
    expect(scalarsOf(tensorboardRecords(epoch, 1))).toEqual([
      {
        wallTime: 1,
        step: 390,
        scalars: { 'loss/train': 1.25, 'accuracy/train': 0.5, 'loss/val': 0.75, 'accuracy/val': 0.625 },
      },
    ])
  })

  test('has no validation where the run has none', () => {
    const { val: _, ...trained } = epoch
    const [record] = scalarsOf(tensorboardRecords(trained, 1))
    expect(Object.keys(record?.scalars ?? {})).toEqual(['loss/train', 'accuracy/train'])
  })

  test('keeps a loss that is no number', () => {
    const [record] = scalarsOf(tensorboardRecords({ ...step, loss: Number.NaN }, 1))
    expect(record?.scalars['loss/step']).toBeNaN()
  })

  test('has nothing of events without scalars', () => {
    expect(tensorboardRecords({ kind: 'saved', step: 7 }, 1)).toHaveLength(0)
    expect(tensorboardRecords({ kind: 'note', text: 'one' }, 1)).toHaveLength(0)
    expect(tensorboardRecords({ kind: 'skipped', file: 'a.png', error: 'none' }, 1)).toHaveLength(0)
  })

  test('shows the settings as a text, without the places that they were found at', () => {
    const records = tensorboardRecords(started, 1)
    const [message = new Uint8Array(0)] = messagesOf(records)
    const value = fieldsOf(asBytes(fieldsOf(asBytes(fieldsOf(message).get(5)?.[0])).get(1)?.[0]))
    expect(asText(value.get(1)?.[0])).toBe('settings')
    const { sources: _, ...shown } = started.settings
    expect(JSON.parse(asText(fieldsOf(asBytes(value.get(8)?.[0])).get(8)?.[0]))).toEqual(shown)
    const plugin = fieldsOf(asBytes(fieldsOf(asBytes(value.get(9)?.[0])).get(1)?.[0]))
    expect(asText(plugin.get(1)?.[0])).toBe('text')
  })
})
