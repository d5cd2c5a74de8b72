/**
 * A network's kernels under the roof of the machine (Williams, Waterman and Patterson, 2009): how fast each one computes
 * over how much it computes for each byte that comes or goes. Under the slope it waits for memory, under the flat part for
 * the arithmetic.
 */
import type { Mark, Spec } from 'vega'
import type { LayerKind, LayerTiming } from '../engines/layers.ts'
import type { Peaks } from '../engines/peaks.ts'
import { type Place, placeLabels } from './labels.ts'
import { svgOf } from './svg.ts'

export interface Roofline {
  readonly title: string
  /** What was measured, and on what. */
  readonly subtitle: string
  readonly peaks: Peaks
  readonly layers: readonly LayerTiming[]
}

/** Kinds as the legend names them, in colours that the colour-blind tell apart (Okabe and Ito, 2008). */
const kinds: readonly (readonly [kind: LayerKind, title: string, colour: string])[] = [
  ['1x1', '1×1', '#0072b2'],
  ['3x3', '3×3', '#e69f00'],
  ['3x3-winograd', '3×3 by Winograd *', '#d55e00'],
  ['7x7', '7×7', '#009e73'],
  ['depthwise', 'depthwise', '#cc79a7'],
  ['other', 'other products', '#666666'],
]

const winogradNotes = [
  '* counted by the definition, of whose multiply-adds Winograd does about a quarter,',
  '   so that it can lie above the roof',
]
const cacheNote = 'What stays in the caches can lie above the slope. ×3: so many layers of one shape.'

const [width, height] = [640, 420]
const fontSize = 10
/** Square pixels of the slowest kernel's circle. */
const greatestArea = 900

/** Draws the kernels that have multiply-adds as an SVG; the others compute nothing that the model counts. */
export function drawRoofline(roofline: Roofline): Promise<string> {
  return svgOf(rooflineSpec(roofline))
}

function rooflineSpec({ title, subtitle, peaks, layers }: Roofline): Spec {
  const points = pointsOf(layers)
  const ridge = peaks.gflops / peaks.gigabytesPerSecond
  const x = axisOf([ridge, ...points.map(({ flopsPerByte }) => flopsPerByte)])
  const y = axisOf([peaks.gflops, ...points.map(({ gflops }) => gflops)])
  const roofAt = (intensity: number) => Math.min(peaks.gflops, intensity * peaks.gigabytesPerSecond)
  const start = Math.max(x.from, y.from / peaks.gigabytesPerSecond)
  const present = kinds.filter(([kind]) => points.some((point) => point.kind === kind))
  const slowest = Math.max(...points.map(({ milliseconds }) => milliseconds))
  const circles = points.map(({ flopsPerByte, gflops, milliseconds, text }) => ({
    x: width * x.share(flopsPerByte),
    y: height * (1 - y.share(gflops)),
    radius: Math.sqrt(((milliseconds / slowest) * greatestArea) / Math.PI),
    text,
  }))
  const roof = [start, ridge, x.to].map((at) => ({
    x: width * x.share(at),
    y: height * (1 - y.share(roofAt(at))),
  }))
  const peakNames = namesOfPeaks(peaks, roof)
  const labels = placeLabels(circles, { width, height, fontSize, taken: along(roof) })
  return {
    width,
    height,
    padding: 16,
    background: 'white',
    config: {
      axis: { labelFontSize: 11, titleFontSize: 12, titleFontWeight: 'normal', gridColor: '#eeeeee' },
      legend: { labelFontSize: 12, labelLimit: 300, titleFontSize: 12, titleFontWeight: 'normal' },
    },
    title: { text: title, subtitle, anchor: 'start', fontSize: 16, subtitleFontSize: 12, offset: 14 },
    data: [
      { name: 'kernels', values: points },
      { name: 'roof', values: roof },
      { name: 'peaks', values: peakNames },
      { name: 'labels', values: [...labels] },
    ],
    scales: [
      { name: 'x', type: 'log', domain: [x.from, x.to], range: 'width' },
      { name: 'y', type: 'log', domain: [y.from, y.to], range: 'height' },
      {
        name: 'colour',
        type: 'ordinal',
        domain: present.map(([, name]) => name),
        range: present.map(([, , colour]) => colour),
      },
      { name: 'area', type: 'linear', domain: [0, slowest], range: [0, greatestArea] },
    ],
    axes: [
      { orient: 'bottom', scale: 'x', grid: true, title: 'FLOP for each byte moved', values: x.ticks },
      { orient: 'left', scale: 'y', grid: true, title: 'GFLOP/s', values: y.ticks },
    ],
    legends: [
      { fill: 'colour', title: 'kind', symbolType: 'circle', symbolOpacity: 0.6 },
      { size: 'area', title: 'milliseconds', symbolType: 'circle', symbolFillColor: '#999999', tickCount: 3 },
    ],
    marks: [
      roofMark,
      kernelMark,
      textMark('peaks', 11),
      textMark('labels', fontSize),
      notesMark([...(present.some(([kind]) => kind === '3x3-winograd') ? winogradNotes : []), cacheNote]),
    ],
  }
}

/** The names of the two parts of the roof, written along them. */
function namesOfPeaks({ gflops, gigabytesPerSecond }: Peaks, [start, ridge]: readonly Place[]) {
  if (start === undefined || ridge === undefined) return []
  const angle = (Math.atan2(ridge.y - start.y, ridge.x - start.x) * 180) / Math.PI
  return [
    {
      x: (start.x + ridge.x) / 2,
      y: (start.y + ridge.y) / 2,
      angle,
      text: `memory: ${gigabytesPerSecond.toFixed(1)} GB/s`,
      align: 'center',
      dy: -9,
    },
    // Before the ridge, where nothing can lie.
    {
      x: Math.max(ridge.x - 8, 120),
      y: ridge.y,
      angle: 0,
      text: `peak: ${gflops.toFixed(1)} GFLOP/s`,
      align: 'right',
      dy: -9,
    },
  ]
}

const roofMark: Mark = {
  type: 'line',
  from: { data: 'roof' },
  encode: {
    enter: {
      x: { field: 'x' },
      y: { field: 'y' },
      stroke: { value: '#222222' },
      strokeWidth: { value: 2 },
    },
  },
}

const kernelMark: Mark = {
  type: 'symbol',
  from: { data: 'kernels' },
  encode: {
    enter: {
      x: { scale: 'x', field: 'flopsPerByte' },
      y: { scale: 'y', field: 'gflops' },
      size: { scale: 'area', field: 'milliseconds' },
      fill: { scale: 'colour', field: 'colour' },
      fillOpacity: { value: 0.6 },
      stroke: { value: 'white' },
      strokeWidth: { value: 0.5 },
      description: { field: 'description' },
    },
  },
}

function textMark(data: string, size: number): Mark {
  return {
    type: 'text',
    from: { data },
    encode: {
      enter: {
        x: { field: 'x' },
        y: { field: 'y' },
        dy: { field: 'dy' },
        text: { field: 'text' },
        align: { field: 'align' },
        angle: { field: 'angle' },
        baseline: { value: 'middle' },
        fontSize: { value: size },
        fill: { value: '#222222' },
      },
    },
  }
}

function notesMark(lines: string[]): Mark {
  return {
    type: 'text',
    encode: {
      enter: {
        y: { value: height + 52 },
        text: { value: lines },
        fontSize: { value: 11 },
        lineHeight: { value: 15 },
        fill: { value: '#444444' },
      },
    },
  }
}

interface Point extends LayerTiming {
  /** The kind as the legend names it. */
  readonly colour: string
  /** What stands beside it; nothing where a slower layer of the same shape bears the name. */
  readonly text: string
  /** For readers of the screen. */
  readonly description: string
}

/** The slowest first, so that quick ones are drawn over them, and names go to those that count. */
function pointsOf(layers: readonly LayerTiming[]): Point[] {
  const shapeOf = ({ kind, macs, bytes }: LayerTiming) => [kind, macs, bytes].join()
  const products = layers.filter(({ macs }) => macs > 0)
  const named = new Set<string>()
  return products
    .toSorted((a, b) => b.milliseconds - a.milliseconds)
    .map((layer) => {
      const shape = shapeOf(layer)
      const alike = products.filter((other) => shapeOf(other) === shape).length
      const name = layer.nodes[0] ?? layer.kernel
      const text = named.has(shape) ? '' : `${name}${alike === 1 ? '' : ` ×${alike}`}`
      named.add(shape)
      return {
        ...layer,
        text,
        colour: kinds.find(([kind]) => kind === layer.kind)?.[1] ?? '',
        description: `${name}: ${layer.milliseconds.toFixed(3)} ms, ${layer.gflops.toFixed(1)} GFLOP/s`,
      }
    })
}

/** A logarithmic axis with room on both sides. */
function axisOf(values: readonly number[]) {
  const [from, to] = [Math.min(...values) / 1.8, Math.max(...values) * 1.8]
  const exponents = Array.from({ length: 25 }, (_, i) => i - 12)
  return {
    from,
    to,
    /** 1, 2, 5, 10, 20, ... */
    ticks: exponents
      .flatMap((exponent) => [1, 2, 5].map((digit) => Number(`${digit}e${exponent}`)))
      .filter((value) => value >= from && value <= to),
    /** Where a value lies, from 0 to 1. */
    share: (value: number) => Math.log(value / from) / Math.log(to / from),
  }
}

/** Places along a line and over it, where its name stands. */
function along(line: readonly Place[]): readonly Place[] {
  return line.slice(1).flatMap((end, index) => {
    const start = line[index] ?? end
    const steps = Math.ceil(Math.hypot(end.x - start.x, end.y - start.y) / 4)
    return Array.from({ length: steps + 1 }, (_, step) => ({
      x: start.x + ((end.x - start.x) * step) / steps,
      y: start.y + ((end.y - start.y) * step) / steps,
    })).flatMap(({ x, y }) => [
      { x, y },
      { x, y: y - 12 },
    ])
  })
}
