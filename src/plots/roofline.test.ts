/** The roofline of a fixed set of timings: a picture whose marks stand where the figures say. */
import sharp from 'sharp'
import { describe, expect, test } from 'vitest'
import type { LayerKind, LayerTiming } from '../engines/layers.ts'
import { drawRoofline } from './roofline.ts'

const peaks = { gflops: 100, gigabytesPerSecond: 20 }

interface Given {
  readonly kind: LayerKind
  readonly gflops: number
  readonly flopsPerByte: number
  readonly milliseconds: number
}

/** A layer of these rates. */
function layer(name: string, { kind, gflops, flopsPerByte, milliseconds }: Given): LayerTiming {
  const macs = (gflops * milliseconds * 1e6) / 2
  const bytes = (2 * macs) / flopsPerByte
  const shareOfPeak = gflops / peaks.gflops
  return { kernel: kind, nodes: [name], milliseconds, macs, bytes, kind, gflops, shareOfPeak, flopsPerByte }
}

const layers = [
  layer('conv1', { kind: '7x7', gflops: 50, flopsPerByte: 50, milliseconds: 1 }),
  layer('layer1.0.conv1', { kind: '1x1', gflops: 20, flopsPerByte: 10, milliseconds: 4 }),
  layer('layer1.0.conv2', { kind: '3x3-winograd', gflops: 200, flopsPerByte: 100, milliseconds: 2 }),
  layer('layer1.1.conv2', { kind: '3x3-winograd', gflops: 200, flopsPerByte: 100, milliseconds: 2 }),
  layer('fc <1 & 2>', { kind: 'other', gflops: 10, flopsPerByte: 0.5, milliseconds: 0.25 }),
  { ...layer('maxpool', { kind: 'none', gflops: 1, flopsPerByte: 1, milliseconds: 1 }), macs: 0, gflops: 0 },
]

const svg = await drawRoofline({ title: 'Roofline of a test', subtitle: 'two threads', peaks, layers })

/** Circles by the layer's name: where, and how large. */
const circles = new Map(
  [
    ...svg.matchAll(
      /<path aria-label="([^":]+): [^"]*"[^>]*transform="translate\(([\d.]+),([\d.]+)\)" d="M([\d.]+),0[^>]*fill="(#\w+)"/g,
    ),
  ].map(([, name = '', x, y, radius, fill]) => [
    name,
    { x: Number(x), y: Number(y), radius: Number(radius), fill },
  ]),
)

/** Where the two axes have a number. */
function tick(axis: 'X' | 'Y', value: string): number {
  const start = svg.indexOf(`aria-label="${axis}-axis`)
  const labels = svg
    .slice(start)
    .matchAll(/<text[^>]*transform="translate\(([-\d.]+),([-\d.]+)\)"[^>]*>([^<]*)<\/text>/g)
  for (const [, x, y, text] of labels) if (text === value) return Number(axis === 'X' ? x : y)
  throw new Error(`the ${axis} axis has no ${value}`)
}

/** Text that is centred on a line stands a little lower than its line. */
const near = { x: 0.6, y: 4 }

describe('a roofline', () => {
  test('is a picture that a renderer takes', async () => {
    const { format, width = 0, height = 0 } = await sharp(Buffer.from(svg)).metadata()
    expect(format).toBe('svg')
    expect(width).toBeGreaterThan(700)
    expect(height).toBeGreaterThan(500)
  })

  test.each([
    ['conv1', '50', '50'],
    ['layer1.0.conv1', '10', '20'],
    ['layer1.0.conv2', '100', '200'],
    ['fc &lt;1 &amp; 2&gt;', '0.5', '10'],
  ])('puts %s at %s FLOP/byte and %s GFLOP/s', (name, x, y) => {
    expect(Math.abs((circles.get(name)?.x ?? Number.NaN) - tick('X', x))).toBeLessThan(near.x)
    expect(Math.abs((circles.get(name)?.y ?? Number.NaN) - tick('Y', y))).toBeLessThan(near.y)
  })

  test('shows every kernel with multiply-adds, by area as long as it takes, in the colour of its kind', () => {
    expect([...circles.keys()].sort()).toEqual(
      ['conv1', 'fc &lt;1 &amp; 2&gt;', 'layer1.0.conv1', 'layer1.0.conv2', 'layer1.1.conv2'].sort(),
    )
    const radius = (name: string) => circles.get(name)?.radius ?? Number.NaN
    expect(radius('layer1.0.conv1') / radius('conv1')).toBeCloseTo(2, 2)
    expect(circles.get('layer1.0.conv2')?.fill).toBe(circles.get('layer1.1.conv2')?.fill)
    expect(new Set([...circles.values()].map(({ fill }) => fill)).size).toBe(4)
  })

  test('has its ridge where the peak over the bandwidth lies, and Winograd above the roof, as the legend explains', () => {
    const [, path = ''] = /mark-line role-mark.*?<path[^>]*d="([^"]+)"/.exec(svg) ?? []
    const [start, ridge, end] = [...path.matchAll(/([-\d.]+),([-\d.]+)/g)].map(([, x, y]) => [
      Number(x),
      Number(y),
    ])
    expect(ridge?.[0]).toBeCloseTo(tick('X', '5'), 0)
    expect(Math.abs((ridge?.[1] ?? Number.NaN) - tick('Y', '100'))).toBeLessThan(near.y)
    expect(end?.[1]).toBe(ridge?.[1])
    expect(start?.[1]).toBeGreaterThan(ridge?.[1] ?? Number.NaN)
    expect(circles.get('layer1.0.conv2')?.y).toBeLessThan(ridge?.[1] ?? Number.NaN)
    for (const words of [
      '3×3 by Winograd *',
      '* counted by the definition',
      'peak: 100.0 GFLOP/s',
      'memory: 20.0 GB/s',
    ]) {
      expect(svg).toContain(words)
    }
  })

  test('names layers of one shape once', () => {
    expect(svg).toMatch(/>layer1\.0\.conv2 ×2<\/text>/)
    expect(svg).not.toMatch(/>layer1\.1\.conv2/)
  })
})
