/** `resnet bench`: how fast networks run here, as a whole and kernel by kernel. */
import { type Command, Option } from 'commander'
import { checkTarget } from '../disk.node.ts'
import { ArgumentError } from '../errors.ts'
import { shellPath } from '../shell.ts'
import { wholeNumber } from './arguments.ts'
import { kindLines, layerLines, networkLines } from './bench-lines.ts'
import type { Context } from './context.ts'
import { type Measured, type MeasureOptions, measure } from './measure.ts'
import { preciseHelp, threadCount, threadsHelp } from './model-options.ts'
import { heading, printJson, printLines } from './output.ts'
import { pictureFile, savePicture } from './picture-file.ts'

interface BenchOptions extends Omit<MeasureOptions, 'layers' | 'signal'> {
  readonly perLayer?: true
  readonly plot?: string
  readonly json?: true
}

const defaultNetworks = ['resnet18', 'resnet50']

export function addBench(program: Command, context: Context): void {
  program
    .command('bench')
    .description('measure how fast networks run on this machine, with random weights')
    .argument('[arch...]', `networks to measure (default: ${defaultNetworks.join(' and ')})`)
    .addOption(
      new Option('--mode <mode>', 'pictures through the network, or steps of its training')
        .choices(['inference', 'training'])
        .default('inference'),
    )
    .option('--batch <n>', 'images at once', wholeNumber(1, 4096), 1)
    .option('--runs <n>', 'number of timed runs; the median counts', wholeNumber(1, 10_000), 20)
    .option('--engine <name>', 'what computes: wasm (default), reference or onnxruntime')
    .option('--threads <n>', threadsHelp, threadCount)
    .option('--precise', preciseHelp)
    .option(
      '--per-layer',
      "time each kernel, compare it with the machine's measured peak, and sum up by kind",
    )
    .option(
      '--plot <file>',
      'draw the kernels of one network as a roofline plot: NAME.svg or NAME.png',
      pictureFile,
    )
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  resnet bench resnet18 resnet50 --per-layer\n  resnet bench resnet20 --mode training --batch 128\n  resnet bench resnet50 --plot roofline.svg',
    )
    .action(async (given: readonly string[], options: BenchOptions) => {
      const { perLayer = false, plot, json, ...settings } = options
      if (plot !== undefined && given.length !== 1)
        throw new ArgumentError(
          `--plot draws one network, not ${given.length}: resnet bench resnet50 --plot ${shellPath(plot)}`,
        )
      if (plot !== undefined) await checkTarget(plot)
      const answers: Measured[] = []
      for (const arch of given.length === 0 ? defaultNetworks : given) {
        const layers = perLayer || plot !== undefined
        answers.push(await measure(arch, { ...settings, layers, signal: context.signal }))
      }
      const [first] = answers
      if (json) printJson(answers.map(({ kernels, ...answer }) => ({ ...answer, ...kernels })))
      else printLines(linesOf(answers, perLayer))
      if (plot === undefined || first === undefined) return
      await savePlot(plot, first)
      if (!json) printLines(['', `${plot}: the roofline`])
    })
}

function linesOf(answers: readonly Measured[], perLayer: boolean): readonly string[] {
  return [
    ...networkLines(answers),
    ...answers.flatMap(({ arch, kernels }) =>
      kernels === undefined
        ? []
        : ['', heading(arch), ...(perLayer ? [...layerLines(kernels), ''] : []), ...kindLines(kernels)],
    ),
  ]
}

async function savePlot(
  path: string,
  { arch, batch, msPerImage, engine, runsOn, kernels }: Measured,
): Promise<void> {
  if (kernels === undefined) return
  const { drawRoofline } = await import('../plots/roofline.ts')
  const time = `${msPerImage.toFixed(1)} ms an image at batch ${batch}`
  await savePicture(
    path,
    await drawRoofline({
      title: `Roofline of ${arch}`,
      subtitle: `${engine}, ${runsOn}; ${time}`,
      ...kernels,
    }),
  )
}
