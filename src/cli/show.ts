/** `resnet show`: one network with its stem, stages, blocks, head and costs, and the diagram of a block. */
import type { Command } from 'commander'
import { formatBytes, formatCount, formatMacs, formatShort } from '../analysis/format.ts'
import type { OverviewRow } from '../analysis/overview.ts'
import type { Summary } from '../analysis/summary.ts'
import type { Changes } from '../architecture/change.ts'
import type { ResNetConfig } from '../architecture/config.ts'
import { type ConfigOptions, changesOf, keyValue, size, wholeNumber } from './arguments.ts'
import type { Context } from './context.ts'
import type { Network } from './network.ts'
import { aside, heading, paragraph, printJson, printLines, table } from './output.ts'
import { left, right, wrapping } from './table.ts'

interface ShowOptions extends ConfigOptions {
  readonly block?: string
  readonly algorithms?: true
  readonly json?: true
}

export function addShow(program: Command, context: Context): void {
  program
    .command('show')
    .description('explain one network: its parts, its costs and the diagram of a block')
    .argument(
      '<network>',
      "name of a network (resnet list names them all) or of a published model; a model file, a checkpoint or a run's folder",
    )
    .option('--classes <n>', 'number of classes', wholeNumber(1, 1_000_000))
    .option('--input <size>', 'input in pixels, S or HxW', size)
    .option('--input-channels <n>', 'number of input channels', wholeNumber(1, 1024))
    .option(
      '--set <key=value>',
      'change a field of the config (may be repeated); a new kind gets its usual other fields',
      keyValue,
    )
    .option('--block <name>', 'the block to draw: its name, or STAGE.BLOCK as in 2.0')
    .option('--algorithms', 'show how the wasm engine computes each convolution, and why, instead of a block')
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  resnet show resnet50 --block 2.0\n  resnet show resnet50 --algorithms\n  resnet show resnet50 --set attention.kind=se\n  resnet show resnet18 --classes 10 --input 32 --set stem.kind=3x3 --set stem.stride=1 --set stem.pool.kind=none',
    )
    .action((network: string, options: ShowOptions) => show(network, options, context))
}

async function show(text: string, options: ShowOptions, context: Context): Promise<void> {
  const { networkOf } = await import('./network.ts')
  const { buildChanged } = await import('../architecture/build-changed.ts')
  const { summarise } = await import('../analysis/summary.ts')
  const network = await networkOf(text, context)
  const changes = changesOf(options)
  const { config, graph } = buildChanged(network.config, changes)
  const summary = summarise(graph)
  const algorithms = options.algorithms
    ? (await import('../engines/wasm/algorithms.ts')).algorithmsOf(graph)
    : undefined
  const { describeBlock } = await import('../analysis/diagram.ts')
  const usual = summary.sections.filter(({ blocks }) => blocks.length > 0)[1]?.blocks[0]?.name
  // A block that is not there is refused, whatever is shown in its place.
  const diagram = describeBlock(graph, options.block ?? usual ?? '1.0')
  if (options.json) {
    const { input, classes } = config
    const { name, alias } = network
    printJson({ name, alias, config, input, classes, changes, ...summary, algorithms })
    return
  }
  const head = headLines({ ...network, config }, changes, summary)
  if (algorithms !== undefined) {
    const { algorithmLines } = await import('./algorithm-lines.ts')
    printLines([...head, '', ...algorithmLines(algorithms)])
    return
  }
  const { overview } = await import('../analysis/overview.ts')
  printLines([
    ...head,
    '',
    ...tableLines(overview(graph, summary), config),
    '',
    ...diagram.split('\n').map((line, index) => (index === 0 ? heading(line) : line)),
  ])
}

function headLines(network: Network, changes: Changes, summary: Summary): readonly string[] {
  const { name, alias, config, source, preprocessing } = network
  const { depth, parameters, macs, activations, memory } = summary
  const input = config.input.join('×')
  const [first = '', ...more] = headline(network, changes)
  return [
    first.startsWith(name) ? heading(name) + first.slice(name.length) : first,
    ...more,
    ...(alias === undefined ? [] : paragraph(`${alias} is another name of ${name}`, '  ')),
    ...paragraph(`source: ${source}; preprocessing: ${preprocessing}`, '  ').map(aside),
    '',
    `${formatCount(parameters)} parameters, ${depth} layers deep`,
    `${formatMacs(macs)} for one image of ${input}`,
    ...paragraph(
      `${formatCount(config.classes)} classes, ${formatShort(activations)} activations written by its convolutions and linear layers`,
    ),
    ...paragraph(
      `activation memory for one image: ${formatBytes(memory.inference)} in inference, ${formatBytes(memory.training)} in training`,
    ),
  ]
}

/** A network that is changed is not the one of that name. */
function headline({ name, description }: Network, changes: Changes): readonly string[] {
  const words = Object.entries(changes).map(([key, value]) => {
    if (key === 'input' && Array.isArray(value)) return `input ${value.join('×')}`
    return `${key} ${typeof value === 'string' ? value : JSON.stringify(value)}`
  })
  if (words.length === 0) return paragraph(`${name}  ${description}`, '  ')
  return [
    ...paragraph(`${name}, changed: ${words.join(', ')}`, '  '),
    ...paragraph(`made from: ${description}`, '  '),
  ]
}

function tableLines(rows: readonly OverviewRow[], config: ResNetConfig): readonly string[] {
  const whole = Math.max(...config.input)
  let section = ''
  const cells = rows.flatMap((row) => {
    const title = row.section === section ? [] : [[row.section, sectionWords(row, rows)]]
    section = row.section
    const [channels, height, width] = row.outputShape.filter((dim) => dim !== 'N')
    return [
      ...title,
      [
        `  ${row.place}`,
        row.count > 1 ? `${row.count} × (${row.what})` : row.what,
        height === undefined ? String(channels) : `${height}×${width}`,
        formatShort(row.parameters),
        formatShort(row.macs),
        row.receptiveField >= whole ? 'all' : formatCount(row.receptiveField),
      ],
    ]
  })
  return [
    ...table(
      [left(''), wrapping('what they do'), right('output'), right('params'), right('MACs'), right('sees')],
      cells,
    ),
    ...paragraph(
      aside('MACs are multiply-adds; "sees" is the side of the square of pixels that one cell depends on.'),
    ),
  ]
}

/** The names that a stage's parameters begin with. */
function sectionWords({ section, place, name }: OverviewRow, rows: readonly OverviewRow[]): string {
  if (place === name) return ''
  const last = rows.findLast((row) => row.section === section)
  const [first = ''] = name.split(' to ')
  return last === undefined || first === last.name ? first : `${first} to ${last.name.split(' to ').at(-1)}`
}
