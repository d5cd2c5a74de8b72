/** `resnet compare`: what sets two networks apart, and what it costs. */
import type { Command } from 'commander'
import type { Comparison, LayerComparison, TotalDifference } from '../analysis/compare.ts'
import { formatBytes, formatCount, formatDifference, formatMap, formatShort } from '../analysis/format.ts'
import type { LayerSummary } from '../analysis/summary.ts'
import { aside, heading, printJson, printLines } from './output.ts'
import { formatTable } from './table.ts'

/** Rows of layers shown to people; `--json` answers all. */
const shownLayers = 40

export function addCompare(program: Command): void {
  program
    .command('compare')
    .description('show what sets two networks apart, and what it costs')
    .argument('<a>', 'name of a network')
    .argument('<b>', 'name of another')
    .option('--json', 'answer JSON')
    .addHelpText('after', '\nExample:\n  resnet compare resnet50_v1 resnet50')
    .action(async (a: string, b: string, { json }: { json?: true }) => {
      const { variantNamed } = await import('../architecture/variants.ts')
      const { compare } = await import('../analysis/compare.ts')
      const [first, second] = [variantNamed(a), variantNamed(b)]
      const comparison = compare(first.config, second.config)
      if (json) printJson({ a: first.name, b: second.name, ...comparison })
      else printLines(linesOf(first.name, second.name, comparison))
    })
}

function linesOf(a: string, b: string, comparison: Comparison): readonly string[] {
  return [
    heading('config'),
    ...configLines(a, b, comparison),
    '',
    ...totalLines(a, b, comparison),
    '',
    ...layerLines(comparison.layers),
  ]
}

function configLines(a: string, b: string, { configDifferences }: Comparison): readonly string[] {
  if (configDifferences.length === 0) return ['the same']
  const text = (value: unknown) => (value === undefined ? '-' : JSON.stringify(value).replaceAll('"', ''))
  return formatTable(
    [
      { title: 'field', align: 'left' },
      { title: a, align: 'left' },
      { title: b, align: 'left' },
    ],
    configDifferences.map((difference) => [difference.key, text(difference.a), text(difference.b)]),
    { heading: aside },
  )
}

function totalLines(a: string, b: string, { totals }: Comparison): readonly string[] {
  const row = (name: string, total: TotalDifference, format: (value: number) => string) => [
    name,
    format(total.a),
    format(total.b),
    formatDifference(total.a, total.b, format),
  ]
  return formatTable(
    [
      { title: 'for one image', align: 'left' },
      { title: a, align: 'right' },
      { title: b, align: 'right' },
      { title: 'difference', align: 'right' },
    ],
    [
      row('depth', totals.depth, formatCount),
      row('parameters', totals.parameters, formatCount),
      row('multiply-adds', totals.macs, formatCount),
      row('activations', totals.activations, formatCount),
      row('memory in inference', totals.inferenceMemory, formatBytes),
      row('memory in training', totals.trainingMemory, formatBytes),
      row('receptive field in pixels', totals.receptiveField, formatCount),
    ],
    { heading },
  )
}

/** Layers whose own work changed; what only sees another map because of them is left to `--json`. */
function layerLines(layers: readonly LayerComparison[]): readonly string[] {
  const rows = layers.flatMap((layer) => {
    const cells = layerCells(layer)
    return cells === undefined ? [] : [cells]
  })
  if (rows.length === 0) return ['no layer works differently']
  const lines = formatTable(
    [
      { title: 'layer', align: 'left' },
      { title: 'what changed', align: 'left' },
      { title: 'parameters', align: 'right' },
      { title: 'multiply-adds', align: 'right' },
    ],
    rows.slice(0, shownLayers),
    { heading },
  )
  const hidden = rows.length - shownLayers
  return hidden > 0 ? [...lines, aside(`and ${hidden} more layers; --json answers them all`)] : lines
}

function layerCells(layer: LayerComparison): readonly string[] | undefined {
  switch (layer.change) {
    case 'none':
      return undefined
    case 'only-a':
      return isWorth(layer.a) ? [layer.name, 'is gone', ...costCells(layer.a, undefined)] : undefined
    case 'only-b':
      return isWorth(layer.b) ? [layer.name, 'is new', ...costCells(undefined, layer.b)] : undefined
    case 'changed': {
      const { a, b, keys } = layer
      if (!keys.some((key) => key === 'op' || key === 'stride' || key === 'macs' || key === 'parameters'))
        return undefined
      return [layer.name, changeWords(a, b), ...costCells(a, b)]
    }
  }
}

function isWorth({ parameters, macs, stride }: LayerSummary): boolean {
  return parameters > 0 || macs > 0 || stride > 1
}

function changeWords(a: LayerSummary, b: LayerSummary): string {
  const change = (what: string, from: string | number, to: string | number) =>
    from === to ? [] : [`${what} ${from} → ${to}`]
  return [
    ...change('operation', a.op, b.op),
    ...change('stride', a.stride, b.stride),
    ...change('input', formatMap(a.inputShape), formatMap(b.inputShape)),
    ...change('output', formatMap(a.outputShape), formatMap(b.outputShape)),
  ].join(', ')
}

function costCells(a: LayerSummary | undefined, b: LayerSummary | undefined): readonly string[] {
  return (['parameters', 'macs'] as const).map((key) => {
    const difference = (b?.[key] ?? 0) - (a?.[key] ?? 0)
    if (difference === 0) return ''
    return `${difference > 0 ? '+' : '−'}${formatShort(Math.abs(difference))}`
  })
}
