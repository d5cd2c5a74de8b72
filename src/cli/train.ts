/** `resnet train`: from pictures in class folders to a model. */
import { readFile } from 'node:fs/promises'
import { type Command, InvalidArgumentError } from 'commander'
import type { Changes } from '../architecture/change.ts'
import { ArgumentError } from '../errors.ts'
import { recipeFiles } from '../training/generated/recipes.ts'
import type { TrainOptions } from '../training/prepare.ts'
import type { Recipe } from '../training/recipe.ts'
import { keyValue, number, oneOf, wholeNumber } from './arguments.ts'
import type { Context } from './context.ts'
import {
  addPreprocessingOptions,
  datasetHelp,
  defined,
  labelsHelp,
  labelsIn,
  modelHelp,
  type PreprocessingOptions,
  preprocessingOf,
  threadCount,
  threadsHelp,
} from './model-options.ts'
import { lastRunFolder, newRunFolder } from './run-folders.ts'
import { TrainingOutput } from './training-output.ts'

interface Options extends PreprocessingOptions {
  readonly arch?: string
  readonly from?: string
  readonly labels?: string
  readonly recipe?: string
  readonly set?: Changes
  readonly epochs?: number
  readonly batch?: number
  readonly rate?: number
  readonly freeze?: number | 'backbone'
  readonly teacher?: string
  readonly seed?: number
  readonly validation?: number
  readonly out?: string
  readonly resume?: true
  readonly preview?: true | 'only'
  readonly engine?: string
  readonly threads?: number
  readonly json?: true
}

export function addTrain(program: Command, context: Context): void {
  const command = program
    .command('train')
    .description('train a network on labelled pictures, from scratch or from a trained network')
    .argument('<dataset>', datasetHelp)
    .option('--arch <name>', 'the network to train (default: one that suits the size of the pictures)')
    .option('--from <model>', `start from a trained network: ${modelHelp}`)
    .option('--labels <file>', `with --from: ${labelsHelp}`)
    .option('--recipe <name>', 'the training settings: a name from the list below, or a .json file')
    .option(
      '--set <key=value>',
      'change a field of the recipe, as in augmentation.flip=0; may be repeated',
      keyValue,
    )
    .option('--epochs <n>', 'number of epochs: how often each picture is seen', wholeNumber(1, 100_000))
    .option('--batch <n>', 'pictures in a step', wholeNumber(1, 65_536))
    .option('--rate <x>', 'the highest learning rate', number(1e-9, 1000))
    .option(
      '--freeze <parts>',
      'with --from: keep the first N parts (stem, stage 1, ...) unchanged, or backbone for all but the head',
      frozenParts,
    )
    .option('--teacher <model>', 'for a recipe that distils: the trained network to learn from')
    .option('--seed <n>', 'seed of everything random', wholeNumber(0, 2 ** 31 - 1))
    .option(
      '--validation <share>',
      'share of the training pictures set apart to choose the best model, if there is no val/ (default: 0.1)',
      number(0, 0.9),
    )
    .option(
      '--out <dir>',
      'folder of the run (default: runs/ and a name made of the pictures and the network)',
    )
    .option('--resume', 'continue the run in that folder, or begin it if nothing is saved yet')
    .option(
      '--preview [only]',
      'before training, write preview.png, a sheet of augmented pictures; `--preview only` stops after it',
      oneOf(['only']),
    )
    .option('--engine <name>', 'what computes: wasm (default) or reference')
    .option('--threads <n>', threadsHelp, threadCount)
  addPreprocessingOptions(command)
    .option('--json', 'print one JSON object a line: each epoch, then the summary')
    .addHelpText('after', recipesHelp)
    .action((dataset: string, options: Options) => runTraining(dataset, options, context))
}

const recipesHelp = `
Recipes (each a file in the package, and a JSON value in the run's config.json):
${Object.entries(recipeFiles)
  .map(([name, recipe]) => `  ${name.padEnd(24)}  ${descriptionOf(recipe)}`)
  .join('\n')}

Examples:
  resnet train photos --from resnet50.keras_in1k
  resnet train cifar10 --arch cifar_resnet20 --recipe one-cycle --epochs 24
  resnet train photos --from resnet50.keras_in1k --out runs/photos --resume`

function descriptionOf(recipe: unknown): string {
  const described = typeof recipe === 'object' && recipe !== null && 'description' in recipe
  return described ? String(recipe.description) : ''
}

function frozenParts(text: string): number | 'backbone' {
  if (text === 'backbone') return text
  const parts = /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN
  if (parts <= 16) return parts
  throw new InvalidArgumentError('It must be a number of parts, or backbone.')
}

async function runTraining(dataset: string, options: Options, context: Context): Promise<void> {
  if (options.freeze !== undefined && options.from === undefined && !options.resume)
    throw new ArgumentError('--freeze keeps parts of a trained network; name it with --from')
  const { train } = await import('../training/train.ts')
  context.saveFirst()
  const out = options.resume ? lastRunFolder(dataset, options) : newRunFolder(dataset, options)
  const output = new TrainingOutput({ dataset, out, json: options.json === true })
  const settings = await trainOptions(dataset, options)
  for await (const event of train({ ...settings, out, signal: context.signal })) output.show(event)
}

async function trainOptions(data: string, options: Options): Promise<TrainOptions> {
  const { recipe, arch, from, teacher, seed, validation, resume, preview, engine, threads } = options
  const preprocessing = preprocessingOf(options)
  const changes = changesOf(options)
  const labels = options.labels === undefined ? undefined : await labelsIn(options.labels)
  return {
    data,
    ...defined({ arch, from, labels, teacher, seed, validation, resume, preview, engine, threads }),
    ...(recipe === undefined ? {} : { recipe: await readRecipe(recipe) }),
    ...(Object.keys(preprocessing).length === 0 ? {} : { preprocessing }),
    ...(Object.keys(changes).length === 0 ? {} : { changes }),
  }
}

function changesOf({ set = {}, epochs, batch, rate, freeze }: Options): Changes {
  return { ...set, ...defined({ epochs, batch, rate, 'fineTuning.frozen': freeze }) }
}

/** A recipe's name as it is, or the recipe of a JSON file. */
async function readRecipe(recipe: string): Promise<string | Recipe> {
  if (!recipe.endsWith('.json')) return recipe
  const { parseJson } = await import('../checkpoint/formats/json.ts')
  const { parseRecipe } = await import('../training/recipe.ts')
  const bytes = await readFile(recipe).catch((error: unknown) => {
    throw new ArgumentError(`${recipe}: cannot be read; --recipe takes a name or a .json file`, {
      cause: error,
    })
  })
  return parseRecipe(parseJson(bytes, recipe))
}
