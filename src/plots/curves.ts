/** A training's curves: loss and accuracy by epoch, the learning rate by step. */
import type { Axis, Mark, Spec } from 'vega'
import { svgOf } from './svg.ts'

/** What the curves show of an epoch. */
export interface EpochFigures {
  /** From 1. */
  readonly epoch: number
  readonly train: { readonly loss: number; readonly accuracy: number }
  readonly val?: { readonly loss: number; readonly top1: number }
  /** Whether it was the best so far. */
  readonly best: boolean
}

/** Colours that the colour-blind tell apart (Okabe and Ito, 2008). */
const colours = { training: '#0072b2', validation: '#d55e00' } as const

interface Point {
  readonly x: number
  readonly y: number
  readonly line: keyof typeof colours
}

interface LinePlot {
  readonly description: string
  readonly xTitle: string
  readonly yTitle: string
  /** In d3's notation. */
  readonly yFormat: string
  readonly points: readonly Point[]
  /** Where the y axis is no linear one over all values. */
  readonly yAxis?: LossAxis
  /** A place on the x axis, and what to write there at so many pixels from the top. */
  readonly marked?: { readonly x: number; readonly y: number; readonly text: string }
}

const [width, height] = [420, 220]
/** So many points on a line are drawn as dots too. */
const dotted = 30

/** Mean loss on the training and validation pictures, in nats, on an axis that no spike flattens; the title says which. */
export function drawLoss(epochs: readonly EpochFigures[]): Promise<string> {
  const points = pointsOf(
    epochs,
    ({ train }) => train.loss,
    ({ loss }) => loss,
  )
  const yAxis = lossAxis(points.map(({ y }) => y))
  return drawLines({
    ...byEpoch(epochs, 10),
    description: 'Loss by epoch',
    yTitle: `loss${titles[yAxis.kind](yAxis)}`,
    yFormat: '~g',
    points: points.map((point) => ({ ...point, y: Math.min(point.y, yAxis.edge) })),
    yAxis,
  })
}

interface LossAxis {
  readonly kind: 'linear' | 'log' | 'cut'
  /** Greater values lie on the edge. */
  readonly edge: number
  readonly greatest: number
}

const titles: Readonly<Record<LossAxis['kind'], (axis: LossAxis) => string>> = {
  linear: () => '',
  log: () => ' (logarithmic axis)',
  cut: ({ greatest }) => ` (axis cut; up to ${Number(greatest.toPrecision(3))})`,
}

/** A value so many times that of four fifths of all is a spike. */
const spike = 2.5
/** No network that guesses has such a loss: it has exploded, and its course spans powers of ten. */
const explodedLoss = 15
/** Of fewer values none is unusual. */
const tellableValues = 5

/** Where a logarithmic axis is marked. */
const powers = [-4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6].flatMap((power) => [10 ** power, 3 * 10 ** power])

/** Few spikes are cut off; a loss that is enormous for long is drawn by its logarithm. */
function lossAxis(values: readonly number[]): LossAxis {
  const sorted = values.toSorted((a, b) => a - b)
  const [least = 0, greatest = 0] = [sorted[0], sorted.at(-1)]
  const usual = sorted[Math.floor(0.8 * (sorted.length - 1))] ?? greatest
  const top = sorted.findLast((value) => value <= spike * usual) ?? greatest
  if (sorted.length >= tellableValues && top < greatest && top < explodedLoss)
    return { kind: 'cut', edge: 1.1 * top, greatest }
  const isExploded = greatest > explodedLoss && least > 0
  return { kind: isExploded ? 'log' : 'linear', edge: greatest, greatest }
}

/** Share of the training and validation pictures that are answered rightly. */
export function drawAccuracy(epochs: readonly EpochFigures[]): Promise<string> {
  const points = pointsOf(
    epochs,
    ({ train }) => train.accuracy,
    ({ top1 }) => top1,
  )
  return drawLines({
    ...byEpoch(epochs, height - 8),
    description: 'Accuracy by epoch',
    yTitle: 'right answers',
    yFormat: '~%',
    points,
  })
}

export function drawRate(
  steps: readonly { readonly step: number; readonly rate: number }[],
): Promise<string> {
  return drawLines({
    description: 'Learning rate by step',
    xTitle: 'step',
    yTitle: 'learning rate',
    yFormat: '~g',
    points: steps.map(({ step, rate }) => ({ x: step, y: rate, line: 'training' })),
  })
}

function pointsOf(
  epochs: readonly EpochFigures[],
  trainOf: (epoch: EpochFigures) => number,
  valOf: (val: NonNullable<EpochFigures['val']>) => number,
): readonly Point[] {
  return epochs.flatMap((epoch): readonly Point[] => [
    { x: epoch.epoch, y: trainOf(epoch), line: 'training' },
    ...(epoch.val === undefined
      ? []
      : [{ x: epoch.epoch, y: valOf(epoch.val), line: 'validation' as const }]),
  ])
}

/** Without validation pictures no epoch is known to be the best. */
function byEpoch(epochs: readonly EpochFigures[], y: number): Pick<LinePlot, 'xTitle' | 'marked'> {
  const best = epochs.findLast((epoch) => epoch.best && epoch.val !== undefined)
  return {
    xTitle: 'epoch',
    ...(best === undefined ? {} : { marked: { x: best.epoch, y, text: `best: epoch ${best.epoch}` } }),
  }
}

function drawLines(plot: LinePlot): Promise<string> {
  return svgOf(specOf(plot))
}

function specOf({ description, xTitle, yTitle, yFormat, points, marked, yAxis }: LinePlot): Spec {
  const lines = Object.entries(colours).filter(([name]) => points.some(({ line }) => line === name))
  const [first, last] = extentOf(points.map(({ x }) => x))
  return {
    description,
    width,
    height,
    padding: 8,
    background: 'white',
    data: [
      { name: 'points', values: [...points] },
      {
        name: 'marked',
        values: marked === undefined ? [] : [{ ...marked, ...sideOf(marked.x, first, last) }],
      },
    ],
    scales: [
      {
        name: 'x',
        type: 'linear',
        domain: first === last ? [first - 1, first + 1] : [first, last],
        range: 'width',
        zero: false,
      },
      {
        name: 'y',
        type: yAxis?.kind === 'log' ? 'log' : 'linear',
        domain: { data: 'points', field: 'y' },
        range: 'height',
        zero: false,
        nice: true,
      },
      {
        name: 'colour',
        type: 'ordinal',
        domain: lines.map(([name]) => name),
        range: lines.map(([, colour]) => colour),
      },
    ],
    axes: [
      { ...axis, orient: 'bottom', scale: 'x', title: xTitle, format: ',d', tickMinStep: 1, tickCount: 6 },
      {
        ...axis,
        orient: 'left',
        scale: 'y',
        title: yTitle,
        format: yFormat,
        ...(yAxis?.kind === 'log' ? { values: powers } : { tickCount: 5 }),
        grid: true,
        domain: false,
      },
    ],
    legends:
      lines.length < 2
        ? []
        : [
            {
              stroke: 'colour',
              orient: 'top',
              direction: 'horizontal',
              symbolType: 'stroke',
              symbolStrokeWidth: 2,
              labelFontSize: 13,
              offset: 6,
            },
          ],
    marks: [
      bestRule,
      {
        type: 'group',
        from: { facet: { name: 'line', data: 'points', groupby: 'line' } },
        marks: [lineMark, ...(points.length <= 2 * dotted ? [dotMark] : [])],
      },
      bestText,
    ],
  }
}

const axis: Omit<Axis, 'orient' | 'scale'> = {
  labelFontSize: 13,
  titleFontSize: 14,
  titleFontWeight: 'normal',
  titlePadding: 8,
  gridColor: '#e8e8e8',
  ticks: false,
  labelPadding: 6,
}

const place = { x: { scale: 'x', field: 'x' }, y: { scale: 'y', field: 'y' } }

const lineMark: Mark = {
  type: 'line',
  from: { data: 'line' },
  encode: {
    enter: {
      ...place,
      stroke: { scale: 'colour', field: 'line' },
      strokeWidth: { value: 2 },
      strokeJoin: { value: 'round' },
    },
  },
}

const dotMark: Mark = {
  type: 'symbol',
  from: { data: 'line' },
  encode: { enter: { ...place, fill: { scale: 'colour', field: 'line' }, size: { value: 18 } } },
}

const bestRule: Mark = {
  type: 'rule',
  from: { data: 'marked' },
  encode: {
    enter: {
      x: { scale: 'x', field: 'x' },
      y: { value: 0 },
      y2: { value: height },
      stroke: { value: '#888888' },
      strokeDash: { value: [3, 3] },
    },
  },
}

const bestText: Mark = {
  type: 'text',
  name: 'note',
  from: { data: 'marked' },
  encode: {
    enter: {
      x: { scale: 'x', field: 'x' },
      dx: { field: 'dx' },
      y: { field: 'y' },
      align: { field: 'align' },
      text: { field: 'text' },
      fontSize: { value: 13 },
      fill: { value: '#444444' },
    },
  },
}

/** Which side of its line a text has room on. */
function sideOf(x: number, first: number, last: number) {
  return x - first > (last - first) / 2 ? { align: 'right', dx: -5 } : { align: 'left', dx: 5 }
}

function extentOf(values: readonly number[]): readonly [first: number, last: number] {
  return values.reduce<readonly [number, number]>(
    ([least, greatest], value) => [Math.min(least, value), Math.max(greatest, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  )
}
