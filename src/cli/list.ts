/** `resnet list`: every named network with what it costs. */
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { formatCount, formatShort } from '../analysis/format.ts'
import { heading, printJson, printLines, terminalColumns } from './output.ts'
import { cutTo, formatTable } from './table.ts'

interface Row {
  readonly name: string
  readonly description: string
  readonly depth: number
  readonly parameters: number
  readonly macs: number
  /** Height and width in pixels. */
  readonly input: readonly [number, number]
  readonly source: string
}

export function addList(program: Command): void {
  program
    .command('list')
    .description('list every network that has a name, with its parameters and multiply-adds')
    .option('--json', 'answer JSON')
    .addHelpText('after', '\nExample:\n  resnet list | grep resnext')
    .action(async ({ json }: { json?: true }) => {
      const rows = (await rowsOfBuild()) ?? (await countRows())
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
  const { variants } = await import('../architecture/variants.ts')
  const { buildResNet } = await import('../architecture/build.ts')
  const { totalsOf } = await import('../analysis/summary.ts')
  return variants().map(({ name, description, source, config }) => {
    const { depth, parameters, macs } = totalsOf(buildResNet(config))
    return { name, description, depth, parameters, macs, input: config.input, source }
  })
}

function linesOf(rows: readonly Row[]): readonly string[] {
  const cells = rows.map(({ name, description, depth, parameters, macs, input }) => [
    name,
    formatCount(depth),
    formatCount(parameters),
    formatShort(macs),
    input.join('×'),
    description,
  ])
  const lines = formatTable(
    [
      { title: 'name', align: 'left' },
      { title: 'depth', align: 'right' },
      { title: 'parameters', align: 'right' },
      { title: 'multiply-adds', align: 'right' },
      { title: 'input', align: 'right' },
      { title: 'description', align: 'left' },
    ],
    cells,
    heading,
  )
  const columns = terminalColumns()
  return columns === undefined ? lines : lines.map((line) => cutTo(line, columns))
}
