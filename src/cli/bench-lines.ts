/** What `resnet bench` shows to people. */

import { formatBytes, formatShare, formatShort } from '../analysis/format.ts'
import type { KindTiming, LayerKind, LayerTiming } from '../engines/layers.ts'
import type { Kernels, Measured } from './measure.ts'
import { table } from './output.ts'
import { left, right, wrapping } from './table.ts'

/** One line for each network. */
export function networkLines(answers: readonly Measured[]): readonly string[] {
  const numbers = ['batch', 'ms/image', 'images/s', 'GFLOP/s'].map(right)
  const columns = [left('network'), left('mode'), ...numbers, wrapping('on')]
  const rows = answers.map(({ arch, mode, batch, msPerImage, imagesPerSecond, gflops, engine, runsOn }) => [
    arch,
    mode,
    String(batch),
    msPerImage.toFixed(2),
    imagesPerSecond.toFixed(1),
    gflops.toFixed(1),
    `${engine}, ${runsOn}`,
  ])
  return table(columns, rows)
}

/**
 * Each kernel: multiply-adds over bytes tell what it waits for. Names are not broken, even where a line gets longer than 80
 * cells: they are what people search for.
 */
export function layerLines({ layers }: Kernels): readonly string[] {
  const total = layers.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
  const numbers = ['ms', 'share', 'MACs', 'GFLOP/s', 'of peak', 'memory', 'FLOP/B'].map(right)
  const columns = [left('layer'), left('kernel'), ...numbers]
  const rows = layers.map((layer) => [
    layer.nodes[0] ?? '',
    layer.kernel,
    layer.milliseconds.toFixed(3),
    formatShare(layer.milliseconds / total),
    ...products(layer),
    formatBytes(layer.bytes),
    layer.macs === 0 ? '' : layer.flopsPerByte.toFixed(1),
  ])
  return table(columns, rows)
}

const kindNames: Readonly<Record<LayerKind, string>> = {
  '1x1': '1×1',
  '3x3': '3×3, direct',
  '3x3-winograd': '3×3, by Winograd',
  '7x7': '7×7',
  depthwise: 'depthwise',
  other: 'other products',
  none: 'without multiply-adds',
}

/** The sums by kind, and what they show. */
export function kindLines({ kinds, peaks }: Kernels): readonly string[] {
  const numbers = ['layers', 'ms', 'of time', 'MACs', 'of MACs', 'GFLOP/s', 'of peak'].map(right)
  const columns = [left('kind'), ...numbers]
  const rows = kinds.map((sum) => {
    const [macs = '', gflops = '', ofPeak = ''] = products(sum)
    return [
      kindNames[sum.kind],
      String(sum.layers),
      sum.milliseconds.toFixed(2),
      formatShare(sum.shareOfTime),
      macs,
      sum.macs === 0 ? '' : formatShare(sum.shareOfMacs),
      gflops,
      ofPeak,
    ]
  })
  return [
    ...table(columns, rows),
    ...verdict(kinds),
    `peak: ${peaks.gflops.toFixed(1)} GFLOP/s, ${peaks.gigabytesPerSecond.toFixed(1)} GB/s`,
    ...(kinds.some(({ kind }) => kind === '3x3-winograd')
      ? ["Winograd's rates count the definition's multiply-adds, of which it does about a quarter"]
      : []),
  ]
}

/** Equal FLOPs are not equal time: what a multiply-add costs in a 1×1 against one in a 3×3. */
function verdict(kinds: readonly KindTiming[]): readonly string[] {
  const cost = (wanted: readonly LayerKind[]) => {
    const own = kinds.filter(({ kind }) => wanted.includes(kind))
    const macs = own.reduce((sum, kind) => sum + kind.macs, 0)
    return own.reduce((sum, { milliseconds }) => sum + milliseconds, 0) / macs
  }
  const ratio = cost(['1x1']) / cost(['3x3', '3x3-winograd'])
  if (Number.isNaN(ratio)) return []
  return [
    `equal multiply-adds take ${ratio.toFixed(2)} times as long in 1×1 convolutions as in 3×3: equal FLOPs are not equal time`,
  ]
}

/** Multiply-adds, rate and share of the peak; nothing where there are none. */
function products({
  macs,
  gflops,
  shareOfPeak,
}: Pick<LayerTiming, 'macs' | 'gflops' | 'shareOfPeak'>): readonly string[] {
  return macs === 0 ? ['', '', ''] : [formatShort(macs), gflops.toFixed(1), formatShare(shareOfPeak)]
}
