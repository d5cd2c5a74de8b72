/** `resnet compare`: what sets two networks apart, and what it costs. */
import type { Command } from 'commander'
import type { Comparison, TotalDifference } from '../analysis/compare.ts'
import type { FoldedChange } from '../analysis/fold.ts'
import { formatBytes, formatCount, formatDifference, formatShort } from '../analysis/format.ts'
import type { SideBySide } from '../analysis/side-by-side.ts'
import type { ResNetConfig } from '../architecture/config.ts'
import { ConfigError } from '../errors.ts'
import { size } from './arguments.ts'
import type { Context } from './context.ts'
import type { Network } from './network.ts'
import { aside, heading, lineWidth, paragraph, printJson, printLines, table } from './output.ts'
import { displayWidth, left, right, wrapped, wrapping } from './table.ts'

/** Changes shown to people; `--json` answers all. */
const shownChanges = 12
/** Sentences shown before the rest is left to the table of the config. */
const shownSentences = 8

interface CompareOptions {
  readonly input?: readonly [number, number]
  readonly json?: true
}

export function addCompare(program: Command, context: Context): void {
  program
    .command('compare')
    .description('show what sets two networks apart and what that costs')
    .argument('<a>', "a network: a name, a model file, a checkpoint or a run's folder")
    .argument('<b>', 'the other network')
    .option(
      '--input <size>',
      'input size at which both are counted, S or HxW (default: that of the first)',
      size,
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  resnet compare resnet50_v1 resnet50\n  resnet compare gluon_resnet50_v1c gluon_resnet50_v1d\n  resnet compare resnet20 resnet18 --input 32',
    )
    .action((a: string, b: string, options: CompareOptions) => compareNetworks(a, b, options, context))
}

async function compareNetworks(
  one: string,
  other: string,
  options: CompareOptions,
  context: Context,
): Promise<void> {
  const { networkOf } = await import('./network.ts')
  const { compare } = await import('../analysis/compare.ts')
  const { buildResNet } = await import('../architecture/build.ts')
  const [a, b] = [await networkOf(one, context), await networkOf(other, context)]
  const names = [a.name, b.name === a.name ? other : b.name] as const
  const build = (config: ResNetConfig, input: ResNetConfig['input']) => buildResNet({ ...config, input })
  const input = options.input ?? sharedInput(a.config, b.config, build)
  const comparison = compare(a.config, b.config, { names, input })
  if (options.json) {
    printJson({ a: a.name, b: b.name, input, ...comparison })
    return
  }
  const { isSameFamily } = await import('../analysis/words.ts')
  const { sideBySide } = await import('../analysis/side-by-side.ts')
  const drawings = sideBySide(build(a.config, input), build(b.config, input))
  printLines([
    ...sentenceLines([a, b], names, comparison, input),
    ...drawings.flatMap((drawing) => ['', ...drawingLines(drawing, names)]),
    '',
    ...totalLines(names, comparison, input),
    ...(isSameFamily(a.config.block, b.config.block) ? changeLines(comparison.changes) : []),
    ...configLines(names, comparison),
  ])
}

/** The first's own input, unless one of the two takes only the second's. */
function sharedInput(
  a: ResNetConfig,
  b: ResNetConfig,
  build: (config: ResNetConfig, input: ResNetConfig['input']) => unknown,
): ResNetConfig['input'] {
  try {
    build(b, a.input)
    return a.input
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return b.input
  }
}

function sentenceLines(
  [a, b]: readonly [Network, Network],
  names: readonly [string, string],
  { sentences, configDifferences }: Comparison,
  input: readonly [number, number],
): readonly string[] {
  const [first, ...more] = sentences
  const notes =
    String(a.config.input) === String(b.config.input) ? [] : [`Both are counted at ${input.join('×')}.`]
  if (first === undefined) {
    const same =
      configDifferences.length === 0
        ? `${names[0]} and ${names[1]} are the same network; only weights and preprocessing may differ.`
        : `${names[0]} and ${names[1]} compute the same.`
    return [...paragraph(same), ...notes.flatMap((note) => paragraph(note))]
  }
  const shown = [...notes, ...more.slice(0, shownSentences)].flatMap((text) => paragraph(`- ${text}`, '  '))
  const hidden = more.length - shownSentences
  return [
    ...paragraph(first).map(heading),
    ...shown,
    ...(hidden > 0 ? [aside(`and ${hidden} smaller differences: the table of the config has them`)] : []),
  ]
}

/** The steps of both in two columns, with a mark between those that differ. */
function drawingLines({ title, a, b }: SideBySide, names: readonly [string, string]): readonly string[] {
  const half = Math.floor((Math.min(lineWidth(), 100) - 5) / 2)
  const narrow = (lines: readonly string[]) =>
    lines.flatMap((line) => {
      const indent = /^ */.exec(line)?.[0] ?? ''
      return wrapped(line.trimStart(), half - indent.length).map(
        (part, i) => indent + (i === 0 ? '' : '  ') + part,
      )
    })
  const row = (one: string, mark: string, other: string) =>
    `${one}${' '.repeat(Math.max(0, half - displayWidth(one)))}  ${mark}  ${other}`.trimEnd()
  const pairs = aligned(narrow(a), narrow(b))
  return [
    heading(title),
    aside(row(endOf(names[0], half), ' ', endOf(names[1], half))),
    ...pairs.map(([one = '', other = '']) => row(one, one === other ? ' ' : '≠', other)),
  ]
}

/** Two lists of lines with equal ones beside each other: the longest common subsequence. */
export function aligned(
  a: readonly string[],
  b: readonly string[],
): readonly (readonly [string | undefined, string | undefined])[] {
  const common = (i: number, j: number): number => lengths[i]?.[j] ?? 0
  const lengths: number[][] = Array.from({ length: a.length + 1 }, () => Array(b.length + 1).fill(0))
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const row = lengths[i]
      if (row !== undefined)
        row[j] = a[i] === b[j] ? common(i + 1, j + 1) + 1 : Math.max(common(i + 1, j), common(i, j + 1))
    }
  }
  const pairs: (readonly [string | undefined, string | undefined])[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    const both = common(i, j)
    if (
      i < a.length &&
      j < b.length &&
      (a[i] === b[j] || (both === common(i + 1, j + 1) && both === common(i + 1, j)))
    )
      pairs.push([a[i++], b[j++]])
    else if (i < a.length && (j === b.length || common(i + 1, j) === both)) pairs.push([a[i++], undefined])
    else pairs.push([undefined, b[j++]])
  }
  return pairs
}

/** A name cut at its beginning: networks that are compared often begin alike. */
function endOf(name: string, cells: number): string {
  return name.length <= cells ? name : `…${name.slice(1 - cells)}`
}

function totalLines(
  names: readonly [string, string],
  { totals }: Comparison,
  input: readonly [number, number],
): readonly string[] {
  const row = (name: string, total: TotalDifference, format: (value: number) => string) => [
    name,
    format(total.a),
    format(total.b),
    formatDifference(total.a, total.b, format === formatCount ? formatShort : format),
  ]
  const whole = Math.max(...input)
  const sees = (pixels: number) => (pixels >= whole ? 'the whole picture' : `${formatCount(pixels)} pixels`)
  const { receptiveField: field } = totals
  return table(
    [
      left(`one image of ${input.join('×')}`),
      right(endOf(names[0], 17)),
      right(endOf(names[1], 17)),
      right('difference'),
    ],
    [
      row('depth', totals.depth, formatCount),
      row('parameters', totals.parameters, formatCount),
      row('multiply-adds', totals.macs, formatCount),
      row('activations', totals.activations, formatShort),
      row('memory, inference', totals.inferenceMemory, formatBytes),
      row('memory, training', totals.trainingMemory, formatBytes),
      ['a last cell sees', sees(field.a), sees(field.b), sees(field.a) === sees(field.b) ? 'same' : ''],
    ],
  )
}

function changeLines(changes: readonly FoldedChange[]): readonly string[] {
  if (changes.length === 0) return []
  const signed = (value: number) =>
    value === 0 ? '' : `${value > 0 ? '+' : '−'}${formatShort(Math.abs(value))}`
  const lines = table(
    [wrapping('layer'), wrapping('what changes'), wrapping('where'), right('params'), right('MACs')],
    changes
      .slice(0, shownChanges)
      .map(({ what, change, where, parameters, macs }) => [
        what,
        change,
        where,
        signed(parameters),
        signed(macs),
      ]),
  )
  const hidden = changes.length - shownChanges
  return ['', ...lines, ...(hidden > 0 ? [aside(`and ${hidden} more changes; --json answers them all`)] : [])]
}

function configLines(names: readonly [string, string], { configDifferences }: Comparison): readonly string[] {
  if (configDifferences.length === 0) return []
  const text = (value: unknown) => (value === undefined ? '-' : JSON.stringify(value).replaceAll('"', ''))
  const rows = configDifferences.map(({ key, a, b }) => [key, text(a), text(b)])
  return [
    '',
    ...table(
      [wrapping('field of the config'), wrapping(endOf(names[0], 24)), wrapping(endOf(names[1], 24))],
      rows,
    ),
  ]
}
