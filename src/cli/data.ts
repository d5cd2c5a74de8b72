/** `resnet data`: fetches published datasets. */
import type { Command } from 'commander'
import { formatBytes, formatCount } from '../analysis/format.ts'
import { PUBLISHED_DATASETS } from '../datasets/published.ts'
import type { Context } from './context.ts'
import { printJson, printLines } from './output.ts'
import { Progress } from './progress.ts'

interface DataOptions {
  readonly out: string
  readonly from?: string
  readonly json?: true
}

export function addData(program: Command, context: Context): void {
  program
    .command('data')
    .description('download a published dataset; an interrupted download continues where it stopped')
    .argument('<name>', PUBLISHED_DATASETS.map(({ name }) => name).join(' or '))
    .option('--out <folder>', 'folder to put the dataset in, under its name', '.')
    .option('--from <address>', 'another address of the same archive, such as a mirror')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  resnet data cifar10 --out datasets')
    .action(async (name: string, { out, from, json }: DataOptions) => {
      const { fetchDataset } = await import('../datasets/fetch.ts')
      const progress = new Progress({ task: `fetching ${name}`, unit: 'bytes' })
      const answer = await fetchDataset(name, {
        out,
        ...(from === undefined ? {} : { from }),
        signal: context.signal,
        progress: ({ received, total, kept }) => progress.update(received, total, kept),
      }).finally(() => progress.end())
      if (json) printJson(answer)
      else
        printLines([
          `${answer.name}: ${formatCount(answer.files)} files, ${formatBytes(answer.bytes)}, in ${answer.path}`,
        ])
    })
}
