/** Channels of a value [N, C, ...]: the checks and walks that normalisations, concatenation and padding share. */
import { ShapeError } from '../errors.ts'
import type { Runs } from './moments.ts'
import { type BoundShape, elements, formatShape, type Shape } from './shape.ts'

/** The channel count of a value [N, C, ...]; throws `ShapeError` where there is none. */
export function channelCount(shape: Shape, what: string): number {
  const channels = shape[1]
  if (typeof channels !== 'number') {
    throw new ShapeError(`${what} needs a value [N, C, ...], not ${formatShape(shape)}`)
  }
  return channels
}

/** Throws `ShapeError` unless each of `vectors` has one number for each channel. */
export function checkPerChannel(channels: number, vectors: readonly Shape[], what: string): void {
  for (const vector of vectors) {
    if (vector.length !== 1 || vector[0] !== channels) {
      throw new ShapeError(
        `${what} of ${channels} channels needs scale, shift and statistics of [${channels}], not ${formatShape(vector)}`,
      )
    }
  }
}

/** Elements of one channel of one image. */
export function channelSize(shape: BoundShape): number {
  return elements(shape.slice(2))
}

/** Where a channel's elements lie in the whole batch. */
export function channelRuns(shape: BoundShape, channel: number): Runs {
  const [batch = 0, channels = 0] = shape
  const length = channelSize(shape)
  return { length, starts: Array.from({ length: batch }, (_, n) => (n * channels + channel) * length) }
}

/** Copies `count` channels of every image from one value to another, which may have other channels besides. */
export function copyChannels(
  from: { readonly data: Float64Array; readonly channels: number; readonly first: number },
  to: { readonly data: Float64Array; readonly channels: number; readonly first: number },
  { batch, count, size }: { readonly batch: number; readonly count: number; readonly size: number },
): void {
  for (let n = 0; n < batch; n++) {
    const start = (n * from.channels + from.first) * size
    to.data.set(from.data.subarray(start, start + count * size), (n * to.channels + to.first) * size)
  }
}
