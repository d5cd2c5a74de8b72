/** The file of a run's state: its tensors as safetensors, and its place in the run as JSON in the metadata. */

import * as v from 'valibot'
import { openFile } from '#platform/checkpoint/bytes'
import { narrow } from '../checkpoint/formats/dtypes.ts'
import { parseJson } from '../checkpoint/formats/json.ts'
import { writeSafetensors } from '../checkpoint/formats/safetensors-writer.ts'
import { readCheckpoint } from '../checkpoint/read.ts'
import type { TensorMap } from '../engines/engine.ts'
import { CheckpointError } from '../errors.ts'

const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const lengths = v.strictObject({ events: count, tensorboard: count })
const schema = v.strictObject({
  position: v.strictObject({
    step: count,
    epoch: count,
    sums: v.strictObject({ loss: v.number(), correct: count, images: count }),
    epochSeconds: v.number(),
    seconds: v.number(),
    best: v.nullable(
      v.strictObject({
        epoch: count,
        loss: v.number(),
        top1: v.nullable(v.number()),
        refinedLoss: v.optional(v.nullable(v.number()), null),
      }),
    ),
    // Absent from states of before it was kept: the next epoch begins it.
    least: v.optional(v.nullable(v.strictObject({ loss: v.number(), error: v.number() })), null),
    sinceBest: count,
  }),
  logs: lengths,
})

/** How long the logs were when the state was saved. */
export type LogLengths = v.InferOutput<typeof lengths>
type Place = v.InferOutput<typeof schema>

const mark = 'resnet-ts run'

/** The bytes of a state file, in chunks. */
export function stateFile(place: Place, states: TensorMap): AsyncGenerator<Uint8Array, void, undefined> {
  return tensorFile(states, new Map([[mark, JSON.stringify(place)]]))
}

/** The bytes of a file of tensors, each a row of numbers, in chunks. */
export function tensorFile(
  tensors: TensorMap,
  metadata?: ReadonlyMap<string, string>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const written = [...tensors].map(([name, values]) => ({
    name,
    type: 'F32' as const,
    shape: [values.length],
    bytes: () => narrow('F32', values),
  }))
  return writeSafetensors(written, metadata)
}

/** Reads a state file. Throws `CheckpointError` for one that is none, or damaged. */
export async function readState(
  path: string,
): Promise<{ readonly place: Place; readonly states: TensorMap }> {
  const { metadata, tensors } = await readTensors(path)
  const text = metadata.get(mark)
  if (text === undefined) throw new CheckpointError(`${path}: is not the state of a run`)
  const place = v.safeParse(schema, parseJson(new TextEncoder().encode(text), path))
  if (!place.success) {
    const [issue] = place.issues
    throw new CheckpointError(`${path}: the run's place is damaged (${v.getDotPath(issue) ?? 'no object'})`)
  }
  return { place: place.output, states: tensors }
}

/** Reads a file of tensors whole. Throws `CheckpointError` for one that is none, or damaged. */
export async function readTensors(
  path: string,
): Promise<{ readonly metadata: ReadonlyMap<string, string>; readonly tensors: TensorMap }> {
  const source = await openFile(path)
  try {
    const { metadata, tensors } = await readCheckpoint(source)
    const read = new Map<string, Float32Array>()
    for (const [name, tensor] of tensors) read.set(name, await tensor.read())
    return { metadata, tensors: read }
  } finally {
    await source.close()
  }
}
