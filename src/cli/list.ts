/** `resnet list`: every named network with what it costs, family by family. */
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { formatCount, formatShort } from '../analysis/format.ts'
import { oneOf } from './arguments.ts'
import { families, familyOf } from './families.ts'
import { aside, heading, lineWidth, paragraph, printJson, printLines } from './output.ts'
import { formatTable, left, right, wrapping } from './table.ts'

interface Row {
  readonly name: string
  readonly description: string
  readonly depth: number
  readonly parameters: number
  readonly macs: number
  /** Height and width in pixels. */
  readonly input: readonly [number, number]
  readonly source: string
  readonly family: string
  /** The first network of the list that is the same but for its name and its weights' preprocessing. */
  readonly sameAs?: string
  /** Other names of it that are taken too. */
  readonly aliases: readonly string[]
  /** Models by name that fill it: `--model` takes them. */
  readonly weights: readonly string[]
}

interface ListOptions {
  readonly family?: string
  readonly withWeights?: true
  readonly json?: true
}

const familyKeys = families.map(({ key }) => key)

export function addList(program: Command): void {
  program
    .command('list')
    .description('list every named network with its parameters and multiply-adds')
    .option('--family <name>', `only one family: ${familyKeys.join(', ')}`, oneOf(familyKeys))
    .option('--with-weights', 'only networks whose weights can be fetched by name')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  resnet list --family gluon\n  resnet list | grep resnext')
    .action(async ({ family, withWeights, json }: ListOptions) => {
      const all = (await rowsOfBuild()) ?? (await countRows())
      const rows = all.filter(
        (row) => (family === undefined || row.family === family) && (!withWeights || row.weights.length > 0),
      )
      if (json) printJson(rows)
      else printLines(linesOf(rows))
    })
}

/** Counting every network takes a second; the build has done so and left the rows beside this file. */
async function rowsOfBuild(): Promise<readonly Row[] | undefined> {
  try {
    return JSON.parse(await readFile(new URL('./list.json', import.meta.url), 'utf8'))
  } catch {
    return undefined
  }
}

/** Builds and counts every network. */
export async function countRows(): Promise<readonly Row[]> {
  const { aliases, variants } = await import('../architecture/variants.ts')
  const { buildResNet } = await import('../architecture/build.ts')
  const { totalsOf } = await import('../analysis/summary.ts')
  const { PUBLISHED_MODELS } = await import('../hub/published.ts')
  const { SHIPPED_MODELS } = await import('../hub/shipped.ts')
  const models = [...SHIPPED_MODELS, ...PUBLISHED_MODELS]
  const first = new Map<string, string>()
  return variants().map(({ name, description, source, config }) => {
    const { depth, parameters, macs } = totalsOf(buildResNet(config))
    const written = JSON.stringify(config)
    const sameAs = first.get(written)
    if (sameAs === undefined) first.set(written, name)
    const row = { name, description, depth, parameters, macs, input: config.input, source }
    const weights = models.filter(({ architecture }) => architecture === name).map((model) => model.name)
    return {
      ...row,
      family: familyOf(row),
      ...(sameAs === undefined ? {} : { sameAs }),
      aliases: aliases().flatMap((alias) => (alias.of === name ? [alias.name] : [])),
      weights,
    }
  })
}

const usualInput = '224×224'

/** A table for each family. */
function linesOf(rows: readonly Row[]): readonly string[] {
  if (rows.length === 0) return ['no network of this family has weights that can be had by name']
  const groups = families.flatMap(({ key, title }) => {
    const own = rows.filter(({ family }) => family === key)
    if (own.length === 0) return []
    const inputs = new Set(own.map(({ input }) => input.join('×')))
    const [input] = inputs
    const same = inputs.size === 1 ? input : undefined
    const words = same === undefined || same === usualInput ? '' : `, input ${same}`
    return [{ title: `${key}: ${title}${words}`, own, input: same ?? usualInput }]
  })
  const columns = [left('name'), right('depth'), right('params'), right('MACs'), wrapping('what it is')]
  const tables = groups.map(({ title, own, input }) => {
    const cells = own.map((row) => cellsOf(row, input))
    const [titles = '', ...lines] = formatTable(columns, cells, { width: lineWidth() })
    return { title, titles, lines }
  })
  return [
    ...tables.flatMap(({ title, titles, lines }, index) => [
      ...(index === 0 ? [] : ['']),
      heading(title),
      aside(titles),
      ...lines,
    ]),
    ...otherNames(rows),
    '',
    ...paragraph(
      aside(`For one image of ${usualInput} unless another input is named; MACs are multiply-adds.`),
    ),
  ]
}

/** The aliases in a table of their own: beside each network they would hide what it is. */
function otherNames(rows: readonly Row[]): readonly string[] {
  const cells = rows.flatMap(({ name, aliases }) =>
    aliases.length === 0 ? [] : [[name, aliases.join(', ')]],
  )
  if (cells.length === 0) return []
  const [titles = '', ...lines] = formatTable([left('name'), wrapping('is also called')], cells, {
    width: lineWidth(),
  })
  return ['', heading('other names that are taken'), aside(titles), ...lines]
}

function cellsOf(row: Row, usual: string): readonly string[] {
  const { name, depth, parameters, macs, description, sameAs, weights } = row
  const input = row.input.join('×')
  const words = [
    description,
    ...(sameAs === undefined ? [] : [`the same network as ${sameAs}`]),
    ...(input === usual ? [] : [`input ${input}`]),
    ...(weights.length === 0 ? [] : [`weights: ${weights.join(', ')}`]),
  ]
  return [name, formatCount(depth), formatShort(parameters), formatShort(macs), words.join('; ')]
}
