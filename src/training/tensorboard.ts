/**
 * Training events as TensorBoard reads them: an event file is a sequence of records, each an `Event` message of
 * `tensorflow/core/util/event.proto` in the frame of TFRecord files: its length, a checksum of the length, the message,
 * a checksum of the message. The file must have `tfevents` in its name. Records are whole by themselves: a run that goes
 * on appends to its file.
 */
import { Message } from '../export/protobuf.ts'
import { crc32c } from './crc32c.ts'
import type { KeptEvent, RunSettings } from './events.ts'

/** The first record of an event file: which version of the format it is. `wallTime` is in seconds since 1970. */
export function tensorboardHeader(wallTime: number): Uint8Array {
  return record(new Message().double(1, wallTime).text(3, 'brain.Event:2'))
}

/**
 * An event's scalars as one record, at its step: of a step `loss/step`, `accuracy/step`, `rate`, `gradient_norm` and
 * `images_per_second`; of an epoch `loss/train`, `accuracy/train`, `loss/val` and `accuracy/val`; of the end `loss/test`
 * and `accuracy/test`. The start gives the settings as a text. No bytes for other events. `wallTime` is in seconds since
 * 1970.
 */
export function tensorboardRecords(event: KeptEvent, wallTime: number): Uint8Array {
  const { step, values } = summaryOf(event)
  if (values.length === 0) return new Uint8Array(0)
  const summary = new Message()
  for (const value of values) summary.message(1, value)
  return record(new Message().double(1, wallTime).integer(2, step).message(5, summary))
}

interface Summary {
  readonly step: number
  /** Messages `Summary.Value`. */
  readonly values: readonly Message[]
}

function summaryOf(event: KeptEvent): Summary {
  switch (event.kind) {
    case 'started':
      return { step: event.resumedAt, values: [settingsText(event.settings)] }
    case 'step': {
      const { step, loss, accuracy, rate, gradientNorm, imagesPerSecond } = event
      const values = [
        ...outcome('step', { loss, accuracy }),
        scalar('rate', rate),
        scalar('gradient_norm', gradientNorm),
        scalar('images_per_second', imagesPerSecond),
      ]
      return { step, values }
    }
    case 'epoch': {
      const { step, train, val } = event
      const validation = val === undefined ? [] : outcome('val', { loss: val.loss, accuracy: val.top1 })
      return { step, values: [...outcome('train', train), ...validation] }
    }
    case 'ended': {
      const { steps, test } = event
      const values = test === undefined ? [] : outcome('test', { loss: test.loss, accuracy: test.top1 })
      return { step: steps, values }
    }
    case 'skipped':
    case 'note':
    case 'features':
    case 'saved':
      return { step: 0, values: [] }
  }
}

/** Loss and accuracy stand under these names so that TensorBoard puts the curves of each side by side. */
function outcome(
  of: string,
  { loss, accuracy }: { readonly loss: number; readonly accuracy: number },
): readonly Message[] {
  return [scalar(`loss/${of}`, loss), scalar(`accuracy/${of}`, accuracy)]
}

function scalar(tag: string, value: number): Message {
  return new Message().text(1, tag).float(2, value)
}

/** A tensor of one string that the plugin `text` shows; indented, since it reads Markdown. */
function settingsText({ sources: _, ...settings }: RunSettings): Message {
  const text = JSON.stringify(settings, null, 2).replaceAll(/^/gm, '    ')
  const string = 7
  const tensor = new Message().integer(1, string).message(2, new Message()).text(8, text)
  const metadata = new Message().message(1, new Message().text(1, 'text'))
  return new Message().text(1, 'settings').message(8, tensor).message(9, metadata)
}

function record(message: Message): Uint8Array {
  const data = message.finish()
  const frame = new Uint8Array(8 + 4 + data.length + 4)
  const view = new DataView(frame.buffer)
  view.setBigUint64(0, BigInt(data.length), true)
  view.setUint32(8, masked(crc32c(frame.subarray(0, 8))), true)
  frame.set(data, 12)
  view.setUint32(12 + data.length, masked(crc32c(data)), true)
  return frame
}

/** Rotated and moved, so that checksums of data that hold checksums stay good ones (TensorFlow's `lib/hash/crc32c.h`). */
function masked(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

/** How many of the bytes are whole records, from the first on. */
export function wholeRecords(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const isChecked = (start: number, end: number) =>
    end + 4 <= bytes.length && view.getUint32(end, true) === masked(crc32c(bytes.subarray(start, end)))
  let at = 0
  while (isChecked(at, at + 8)) {
    const data = at + 12
    const end = data + Number(view.getBigUint64(at, true))
    if (!isChecked(data, end)) break
    at = end + 4
  }
  return at
}
