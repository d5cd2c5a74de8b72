/** `resnet embed`: the features of pictures, to compare, search and cluster them by. */
import { writeFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { ResourceError } from '../errors.ts'
import { wholeNumber } from './arguments.ts'
import type { Context } from './context.ts'
import { eachPicture, tellFailures } from './each-picture.ts'
import { addInferenceOptions, type ModelOptions, modelHelp, openModel } from './model-options.ts'
import { npyFile } from './npy.ts'
import { printJson, printLines } from './output.ts'

interface EmbedOptions extends ModelOptions {
  readonly model: string
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
    .description('answer the features of pictures: the map of a stage, averaged over its cells')
    .argument('<image...>', 'JPEG, PNG or WebP files')
    .requiredOption('--model <model>', modelHelp)
    .option('--stage <n>', 'which stage; the last one without it', wholeNumber(1, 16))
    .option('--out <file.npy>', 'write the features of all pictures as one NumPy array [pictures, length]')
  addInferenceOptions(command)
    .option('--json', 'answer JSON')
    .addHelpText(
      'after',
      '\nExample:\n  resnet embed a.jpg b.jpg --model resnet50.keras_in1k --out features.npy',
    )
    .action(async (files: readonly string[], options: EmbedOptions) => {
      const model = await openModel(options.model, options, context)
      const stage = options.stage ?? model.stages
      const answers = await eachPicture(files, 'embedding', context, async (picture): Promise<Answer> => {
        const features = await model.embed(picture, { stage, signal: context.signal })
        return { file: picture.file, stage, length: features.length, features }
      })
      await model.dispose()
      const { out, json } = options
      if (out !== undefined)
        await writeFeatures(
          out,
          answers.filter((answer) => 'features' in answer),
        )
      if (json)
        printJson(answers.map((answer) => ('features' in answer ? plain(answer, out === undefined) : answer)))
      else printLines(tellFailures(answers).map((answer) => lineOf(answer, out)))
    })
}

function plain({ features, ...answer }: Answer, withFeatures: boolean): object {
  return withFeatures ? { ...answer, features: [...features] } : answer
}

function lineOf({ file, length, features }: Answer, out: string | undefined): string {
  const start = [...features.slice(0, 4)].map((value) => value.toFixed(4)).join(' ')
  return out === undefined
    ? `${file}: ${length} features, ${start} ...`
    : `${file}: ${length} features in ${out}`
}

async function writeFeatures(out: string, answers: readonly Answer[]): Promise<void> {
  const length = answers[0]?.length ?? 0
  const values = new Float32Array(answers.length * length)
  answers.forEach(({ features }, index) => {
    values.set(features, index * length)
  })
  try {
    await writeFile(out, npyFile([answers.length, length], values))
  } catch (error) {
    throw new ResourceError(`${out}: cannot be written; ${error instanceof Error ? error.message : error}`)
  }
}
