/** Each operation of augmentation as Pillow has it, byte for byte; policies and jitter made of them. */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { uniform } from '../../../test/generator.ts'
import type { Picture } from '../picture.ts'
import { saturation, sharpness } from './blend.ts'
import { hue } from './hue.ts'
import { jittered } from './jitter.ts'
import { policies } from './policies.ts'
import { applyPolicy } from './policy.ts'
import { Random } from './random.ts'
import { rotate, shearX, shearY, translateX, translateY } from './shape.ts'
import { autocontrast, brightness, contrast, equalize, invert, posterize, solarize } from './tones.ts'

interface Fixture {
  readonly operation: string
  readonly amount: number | null
  readonly picture: readonly [width: number, height: number]
  /** RGB, base64. */
  readonly pixels: string
}

const fixtures: readonly Fixture[] = JSON.parse(
  readFileSync(new URL('../../../fixtures/pictures/augment.json', import.meta.url), 'utf8'),
)

const operations = new Map<string, (picture: Picture, amount: number) => Picture>(
  Object.entries({
    autocontrast,
    brightness,
    contrast,
    equalize,
    hue,
    invert,
    posterize,
    rotate,
    saturation,
    sharpness,
    shearX,
    shearY,
    solarize,
    translateX,
    translateY,
  }),
)

/** The pictures of scripts/fixtures/augment.py: noise on gradients. */
function generatedPicture(width: number, height: number): Picture {
  const noise = uniform(`picture ${width}x${height}`)
  const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width), i % 3]
    return Math.floor(noise(i) * 100 + ((x * (5 + c) + y * (3 + 2 * c)) % 128) + 20)
  })
  return { width, height, data }
}

describe('an operation', () => {
  it.each(
    fixtures.map(
      (fixture) => [`${fixture.operation} ${fixture.amount} on ${fixture.picture}`, fixture] as const,
    ),
  )('is Pillow’s: %s', (_title, { operation, amount, picture, pixels }) => {
    const apply = operations.get(operation)
    const changed = apply?.(generatedPicture(...picture), amount ?? 0)
    expect(Buffer.from(changed?.data ?? [])).toEqual(Buffer.from(pixels, 'base64'))
  })

  it('has a fixture, each of them', () => {
    expect(new Set(fixtures.map(({ operation }) => operation))).toEqual(new Set(operations.keys()))
  })

  it('leaves a picture of one colour in its colour', () => {
    const plain = { width: 5, height: 4, data: new Uint8Array(60).fill(77) }
    for (const apply of [equalize, autocontrast]) expect(apply(plain)).toEqual(plain)
    for (const apply of [sharpness, saturation, contrast]) expect(apply(plain, 1.7)).toEqual(plain)
  })
})

const picture = generatedPicture(16, 16)

describe('a policy', () => {
  it.each([
    'imagenet',
    'cifar10',
    'svhn',
  ] as const)('that AutoAugment learned on %s has 25 pairs', (learnedOn) => {
    expect(policies[learnedOn]).toHaveLength(25)
    const made = Array.from({ length: 200 }, (_, seed) =>
      applyPolicy(picture, { kind: 'auto-augment', learnedOn }, new Random(seed)),
    )
    for (const { width, height, data } of made) expect([width, height, data.length]).toEqual([16, 16, 768])
    expect(new Set(made.map(({ data }) => String(data))).size).toBeGreaterThan(30)
    expect(applyPolicy(picture, { kind: 'auto-augment', learnedOn }, new Random(9))).toEqual(made[9])
  })

  it('changes more where RandAugment’s magnitude is greater, and goes on beyond ten', () => {
    const changed = (magnitude: number) => {
      let sum = 0
      for (let seed = 0; seed < 300; seed++) {
        const policy = { kind: 'rand-augment', operations: 2, magnitude } as const
        const { data } = applyPolicy(picture, policy, new Random(seed))
        expect(data).toHaveLength(768)
        sum += data.reduce((total, value, i) => total + Math.abs(value - (picture.data[i] ?? 0)), 0)
      }
      return sum
    }
    const [little = 0, more = 0, most = 0] = [2, 10, 30].map(changed)
    expect(little).toBeLessThan(more)
    expect(more).toBeLessThan(most)
  })
})

describe('colour jitter', () => {
  it('changes nothing at strength 0, and otherwise as the seed says', () => {
    const still = { brightness: 0, contrast: 0, saturation: 0, hue: 0 }
    expect(jittered(picture, still, new Random(1))).toEqual(picture)
    const strengths = { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 }
    const one = jittered(picture, strengths, new Random(1))
    expect(one).not.toEqual(picture)
    expect(jittered(picture, strengths, new Random(1))).toEqual(one)
    expect(jittered(picture, strengths, new Random(2))).not.toEqual(one)
  })
})
