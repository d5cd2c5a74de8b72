import { readFile } from 'node:fs/promises'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { generate } from './generator.ts'

const generated = v.parse(
  v.array(
    v.object({
      name: v.string(),
      shape: v.array(v.number()),
      gain: v.number(),
      first: v.array(v.number()),
      last: v.array(v.number()),
      sum: v.number(),
    }),
  ),
  JSON.parse(await readFile(new URL('../fixtures/generated.json', import.meta.url), 'utf8')),
)

describe('generate', () => {
  it.each(generated)('fills $name as its Python twin does, bit for bit', (expected) => {
    const values = generate(expected.name, expected.shape, expected.gain)

    expect(values).toHaveLength(expected.shape.reduce((product, size) => product * size, 1))
    expect([...values.slice(0, 8)]).toEqual(expected.first)
    expect([...values.slice(-8)]).toEqual(expected.last)
    expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(expected.sum, 3)
  })

  it('gives variances and scales from 0.5 to 1.5, and shifts and means within 0.1', () => {
    const range = (name: string) => {
      const values = generate(name, [10_000])
      return [Math.min(...values), Math.max(...values)]
    }

    for (const name of ['bn1.running_var', 'bn1.weight']) {
      const [least = 0, greatest = 0] = range(name)
      expect(least).toBeGreaterThanOrEqual(0.5)
      expect(least).toBeLessThan(0.51)
      expect(greatest).toBeLessThanOrEqual(1.5)
      expect(greatest).toBeGreaterThan(1.49)
    }
    for (const name of ['bn1.running_mean', 'bn1.bias']) {
      const [least = 0, greatest = 0] = range(name)
      expect(least).toBeLessThan(-0.099)
      expect(greatest).toBeGreaterThan(0.099)
      expect(Math.max(-least, greatest)).toBeLessThanOrEqual(Math.fround(0.1))
    }
  })

  it('gives weights the variance gain² / fan-in', () => {
    const values = generate('layer1.0.conv1.weight', [256, 64, 3, 3], 0.5)
    const variance = values.reduce((sum, value) => sum + value * value, 0) / values.length

    expect(variance).toBeCloseTo(0.25 / (64 * 9), 5)
  })
})
