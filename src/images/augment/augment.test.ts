/** Training pictures cut, mirrored and changed at random: what stays, what may change, and the same for the same seed. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { uniform } from '../../../test/generator.ts'
import { type Preprocessing, preprocessingNamed } from '../../architecture/preprocessing.ts'
import type { Picture } from '../picture.ts'
import { croppedPixels, preprocess } from '../preprocess.ts'
import { augment } from './augment.ts'
import { Random } from './random.ts'
import type { Augmentation } from './settings.ts'

const nothing: Augmentation = {
  crop: { kind: 'centre' },
  flip: 0,
  jitter: null,
  policy: null,
  erasing: null,
  mixup: null,
  cutMix: null,
}

function noisy(width: number, height: number): Picture {
  const noise = uniform(`noise ${width}x${height}`)
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, i) => noise(i) * 256) }
}

function seeing(height: number, width: number): Preprocessing {
  return {
    ...preprocessingNamed('torch-imagenet'),
    resize: { kind: 'short-side', size: Math.min(height, width) },
    crop: [height, width],
  }
}

const pixelAt = ({ data, width }: Picture, x: number, y: number) => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
]

describe('a picture cut at random', () => {
  it.each(['zero', 'reflect'] as const)('is a window on the padded picture: %s', (fill) => {
    const picture = noisy(9, 7)
    const [padding, flip] = [3, 0.5]
    const across = (place: number, size: number) => {
      if (place >= 0 && place < size) return place
      if (fill === 'zero') return undefined
      return place < 0 ? -place : 2 * (size - 1) - place
    }
    for (let seed = 0; seed < 40; seed++) {
      const random = new Random(seed)
      const top = random.integer(2 * padding + 1) - padding
      const left = random.integer(2 * padding + 1) - padding
      const mirror = random.chance(flip)
      const cut = augment(
        picture,
        { ...nothing, crop: { kind: 'pad', padding, fill }, flip },
        seeing(7, 9),
        new Random(seed),
      )
      for (let y = 0; y < 7; y++) {
        for (let x = 0; x < 9; x++) {
          const [fromX, fromY] = [across((mirror ? 8 - x : x) + left, 9), across(y + top, 7)]
          const expected =
            fromX === undefined || fromY === undefined ? [0, 0, 0] : pixelAt(picture, fromX, fromY)
          expect(pixelAt(cut, x, y)).toEqual(expected)
        }
      }
    }
  })

  it('is reflected as often as a wide border needs', () => {
    const crop = { kind: 'pad', padding: 50, fill: 'reflect' } as const
    const colours = new Set(Array.from({ length: 12 }, (_, i) => String(pixelAt(noisy(4, 3), i % 4, i >> 2))))
    for (let seed = 0; seed < 20; seed++) {
      const cut = augment(noisy(4, 3), { ...nothing, crop }, seeing(3, 4), new Random(seed))
      for (let i = 0; i < 12; i++) expect(colours).toContain(String(pixelAt(cut, i % 4, i >> 2)))
    }
  })

  it('has the drawn area and proportions where it is resized', () => {
    // Each pixel of this picture tells its place, so that the piece can be read from its corners.
    const size = 200
    const picture = {
      width: size,
      height: size,
      data: Uint8Array.from(
        { length: size * size * 3 },
        (_, i) => [Math.floor(i / 3) % size, Math.floor(i / 3 / size), 0].at(i % 3) ?? 0,
      ),
    }
    const crop = { kind: 'random-resized', area: [0.1, 0.5], ratio: [0.5, 2] } satisfies Augmentation['crop']
    const preprocessing: Preprocessing = { ...seeing(100, 100), interpolation: 'nearest' }
    const shares: number[] = []
    for (let seed = 0; seed < 100; seed++) {
      const cut = augment(picture, { ...nothing, crop }, preprocessing, new Random(seed))
      const [left = 0, top = 0] = pixelAt(cut, 0, 0)
      const [right = 0, bottom = 0] = pixelAt(cut, 99, 99)
      const [across, down] = [((right - left) / 99) * 100, ((bottom - top) / 99) * 100]
      expect(across / down).toBeGreaterThan(0.47)
      expect(across / down).toBeLessThan(2.13)
      shares.push((across * down) / size ** 2)
    }
    expect(Math.min(...shares)).toBeGreaterThan(0.09)
    expect(Math.max(...shares)).toBeLessThan(0.52)
    expect(Math.max(...shares) - Math.min(...shares)).toBeGreaterThan(0.3)
  })

  it('is the allowed middle where no piece fits', () => {
    const crop = { kind: 'random-resized', area: [1, 1], ratio: [1, 1] } satisfies Augmentation['crop']
    const picture = noisy(31, 10)
    expect(augment(picture, { ...nothing, crop }, seeing(10, 10), new Random(1))).toEqual(
      croppedPixels(picture, seeing(10, 10)),
    )
  })
})

const fractions = fc.double({ min: 0.01, max: 1, noNaN: true })
const ordered = (number: fc.Arbitrary<number>) =>
  fc.tuple(number, number).map(([a, b]): [number, number] => (a < b ? [a, b] : [b, a]))

const augmentations: fc.Arbitrary<Augmentation> = fc.record({
  crop: fc.oneof(
    fc.constant({ kind: 'centre' } as const),
    fc.record({
      kind: fc.constant('pad' as const),
      padding: fc.integer({ min: 1, max: 40 }),
      fill: fc.constantFrom('zero' as const, 'reflect' as const),
    }),
    fc.record({
      kind: fc.constant('random-resized' as const),
      area: ordered(fractions),
      ratio: ordered(fc.double({ min: 0.01, max: 100, noNaN: true })),
    }),
  ),
  flip: fractions,
  jitter: fc.option(
    fc.record({ brightness: fractions, contrast: fractions, saturation: fractions, hue: fractions }),
  ),
  policy: fc.option(
    fc.oneof(
      fc.record({
        kind: fc.constant('auto-augment' as const),
        learnedOn: fc.constantFrom('imagenet' as const, 'cifar10' as const, 'svhn' as const),
      }),
      fc.record({
        kind: fc.constant('rand-augment' as const),
        operations: fc.integer({ min: 1, max: 4 }),
        magnitude: fc.double({ min: 0, max: 30, noNaN: true }),
      }),
    ),
  ),
  erasing: fc.constant(null),
  mixup: fc.constant(null),
  cutMix: fc.constant(null),
})
const sizes = fc.tuple(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 24 }))

describe('whatever the augmentation', () => {
  it('gives the crop’s size, the same for the same seed, and leaves the picture as it was', () => {
    fc.assert(
      fc.property(augmentations, sizes, sizes, fc.nat(), (augmentation, [width, height], crop, seed) => {
        const picture = noisy(width, height)
        const preprocessing = seeing(...crop)
        const seen = augment(picture, augmentation, preprocessing, new Random(seed))
        expect([seen.height, seen.width, seen.data.length]).toEqual([...crop, crop[0] * crop[1] * 3])
        expect(augment(picture, augmentation, preprocessing, new Random(seed))).toEqual(seen)
        expect(picture).toEqual(noisy(width, height))
      }),
      { numRuns: 200 },
    )
  })
})

describe('the input of a picture', () => {
  it.each([
    'torch-imagenet',
    'caffe-imagenet',
    'half-imagenet',
  ] as const)('is the arithmetic of %s', (name) => {
    const picture = noisy(8, 8)
    const told = { ...preprocessingNamed(name), resize: { kind: 'squash', size: 8 }, crop: [8, 8] } as const
    const { mean, std, divisor, channels } = told
    const expected = Float32Array.from({ length: 192 }, (_, i) => {
      const [c, pixel] = [Math.floor(i / 64), i % 64]
      const byte = picture.data[pixel * 3 + (channels === 'rgb' ? c : 2 - c)] ?? 0
      return (byte / divisor - (mean[c] ?? 0)) / (std[c] ?? 1)
    })
    expect(preprocess(picture, told)).toEqual(expected)
  })
})
