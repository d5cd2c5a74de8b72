/** `resnet show`: one network with its stem, stages, blocks, head and costs, and the diagram of a block. */
import type { Command } from 'commander'
import { formatBytes, formatCount, formatMacs, formatMap, formatShort } from '../analysis/format.ts'
import type { OverviewRow } from '../analysis/overview.ts'
import type { Summary } from '../analysis/summary.ts'
import type { Variant } from '../architecture/variants.ts'
import { type ConfigOptions, configured, keyValue, size, wholeNumber } from './arguments.ts'
import { aside, heading, printJson, printLines } from './output.ts'
import { formatTable } from './table.ts'

interface ShowOptions extends ConfigOptions {
  readonly block?: string
  readonly algorithms?: true
  readonly json?: true
}

export function addShow(program: Command): void {
  program
    .command('show')
    .description('explain one network: its parts, its costs, the diagram of a block')
    .argument('<arch>', 'name of the network; resnet list names them all')
    .option('--classes <n>', 'number of classes', wholeNumber(1, 1_000_000))
    .option('--input <size>', 'input in pixels, S or HxW', size)
    .option('--input-channels <n>', 'channels of the input', wholeNumber(1, 1024))
    .option('--set <key=value>', 'change a field of the config; may be given again', keyValue)
    .option('--block <name>', 'the block to draw: its name, or stage.block as in 2.0')
    .option('--algorithms', 'how the wasm engine computes each convolution, and why, in place of the block')
    .option('--json', 'answer JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  resnet show resnet50 --block 2.0\n  resnet show resnet50 --algorithms\n  resnet show resnet18 --classes 10 --input 32 --set stem.kind=3x3 --set stem.stride=1 --set stem.pool.kind=none',
    )
    .action(show)
}

async function show(arch: string, options: ShowOptions): Promise<void> {
  const { variantNamed } = await import('../architecture/variants.ts')
  const { buildResNet } = await import('../architecture/build.ts')
  const { summarise } = await import('../analysis/summary.ts')
  const variant = variantNamed(arch)
  const config = configured(variant.config, options)
  const graph = buildResNet(config)
  const summary = summarise(graph)
  const algorithms = options.algorithms
    ? (await import('../engines/wasm/algorithms.ts')).algorithmsOf(graph)
    : undefined
  if (options.json) {
    const { input, classes } = config
    printJson({ name: variant.name, config, input, classes, ...summary, algorithms })
    return
  }
  if (algorithms !== undefined) {
    const { algorithmLines } = await import('./algorithm-lines.ts')
    printLines([...headLines({ ...variant, config }, summary), '', ...algorithmLines(algorithms)])
    return
  }
  const { overview } = await import('../analysis/overview.ts')
  const { describeBlock } = await import('../analysis/diagram.ts')
  const block =
    options.block ?? summary.sections.filter(({ blocks }) => blocks.length > 0)[1]?.blocks[0]?.name
  printLines([
    ...headLines({ ...variant, config }, summary),
    '',
    ...tableLines(overview(graph, summary)),
    '',
    ...describeBlock(graph, block ?? '1.0')
      .split('\n')
      .map((line, index) => (index === 0 ? heading(line) : line)),
  ])
}

function headLines(variant: Variant, summary: Summary): readonly string[] {
  const { config, description, source, preprocessing } = variant
  const { depth, parameters, macs, activations, memory } = summary
  const input = config.input.join('×')
  return [
    `${heading(variant.name)}  ${description}`,
    aside(`source: ${source}; preprocessing: ${preprocessing}`),
    '',
    `${formatCount(parameters)} parameters, ${formatMacs(macs)} for one image of ${input}, ${depth} layers deep`,
    `${formatCount(config.classes)} classes, ${formatShort(activations)} activations written by its convolutions and linear layers`,
    `activation memory for one image: ${formatBytes(memory.inference)} in inference, ${formatBytes(memory.training)} in training`,
  ]
}

function tableLines(rows: readonly OverviewRow[]): readonly string[] {
  let section = ''
  const cells = rows.map((row) => {
    const first = row.section !== section
    section = row.section
    return [
      first ? row.section : '',
      row.name,
      row.count > 1 ? `${row.count} × (${row.what})` : row.what,
      formatMap(row.outputShape),
      formatCount(row.parameters),
      formatShort(row.macs),
      formatCount(row.receptiveField),
    ]
  })
  return formatTable(
    [
      { title: 'section', align: 'left' },
      { title: 'layers', align: 'left' },
      { title: 'what they do', align: 'left' },
      { title: 'output', align: 'right' },
      { title: 'parameters', align: 'right' },
      { title: 'multiply-adds', align: 'right' },
      { title: 'sees pixels', align: 'right' },
    ],
    cells,
    heading,
  )
}
