/** `resnet embed`: the features of pictures, to compare, search and cluster them by. */
import type { Command } from 'commander'
import { formatCount } from '../analysis/format.ts'
import { saveFile } from '../checkpoint/save.node.ts'
import { checkTarget } from '../disk.node.ts'
import { ArgumentError } from '../errors.ts'
import { wholeNumber } from './arguments.ts'
import type { Context } from './context.ts'
import { eachPicture } from './each-picture.ts'
import {
  addInferenceOptions,
  defaultModelHelp,
  type ModelOptions,
  modelHelp,
  openModel,
  picturesHelp,
} from './model-options.ts'
import { printJson, printLines } from './output.ts'

interface EmbedOptions extends ModelOptions {
  readonly model?: string
  readonly stage?: number
  readonly out?: string
  readonly json?: true
}

interface Answer {
  readonly file: string
  readonly stage: number
  readonly length: number
  readonly features: Float32Array
}

export function addEmbed(program: Command, context: Context): void {
  const command = program
    .command('embed')
    .description('compute features of pictures: the output of a stage, averaged over the picture')
    .argument('<image...>', picturesHelp)
    .option('--model <model>', `${modelHelp}${defaultModelHelp}`)
    .option('--stage <n>', 'the stage to read (default: the last)', wholeNumber(1, 16))
    .option(
      '--out <file>',
      'write the features: NAME.npy for one NumPy array [pictures, length], NAME.parquet for a table of file, stage and features',
    )
  addInferenceOptions(command)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExample:\n  resnet embed a.jpg b.jpg --model resnet50.keras_in1k --out features.npy',
    )
    .action(async (files: readonly string[], options: EmbedOptions) => {
      const { out, json } = options
      const format = out === undefined ? undefined : formatOf(out)
      if (out !== undefined) await checkTarget(out)
      const show = (answer: Answer) => printLines([lineOf(answer)])
      const model = await openModel(options.model, options, context)
      const stage = options.stage ?? model.stages
      if (out !== undefined) context.saveFirst()
      const answers = await eachPicture(
        files,
        { task: 'embedding', ...(json || out !== undefined ? {} : { show }) },
        context,
        async (picture): Promise<Answer> => {
          const features = await model.embed(picture, { stage, signal: context.signal })
          return { file: picture.file, stage, length: features.length, features }
        },
      )
      await model.dispose()
      if (json)
        printJson(answers.map((answer) => ('features' in answer ? plain(answer, out === undefined) : answer)))
      if (out !== undefined && format !== undefined) {
        const rows = answers.filter((answer) => 'features' in answer)
        await saveFile(out, [await format(rows)])
        const pictures = rows.length === 1 ? '1 picture' : `${formatCount(rows.length)} pictures`
        if (!json) printLines([`${out}: ${rows[0]?.length ?? 0} features of stage ${stage} for ${pictures}`])
      }
    })
}

function plain({ features, ...answer }: Answer, withFeatures: boolean): object {
  return withFeatures ? { ...answer, features: [...features] } : answer
}

function lineOf({ file, length, features }: Answer): string {
  const start = [...features.slice(0, 4)].map((value) => value.toFixed(4)).join(' ')
  return `${file}: ${length} features, ${start} ...`
}

type Format = (answers: readonly Answer[]) => Promise<Uint8Array>

/** The formats of files, by the endings of their names. */
const formats: Readonly<Record<string, Format>> = {
  npy: async (answers) => {
    const { npyFile } = await import('./npy.ts')
    const length = answers[0]?.length ?? 0
    const values = new Float32Array(answers.length * length)
    answers.forEach(({ features }, index) => {
      values.set(features, index * length)
    })
    return npyFile([answers.length, length], values)
  },
  parquet: async (answers) => (await import('./parquet.ts')).parquetFile(answers),
}

function formatOf(out: string): Format {
  const [, format] = Object.entries(formats).find(([ending]) => out.endsWith(`.${ending}`)) ?? []
  if (format !== undefined) return format
  throw new ArgumentError(`${out}: the file must be called NAME.npy or NAME.parquet`)
}
