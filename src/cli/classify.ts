/** `resnet classify`: what pictures show. */
import type { Command } from 'commander'
import { formatShare } from '../analysis/format.ts'
import { checkFolder, checkTarget } from '../disk.node.ts'
import { ArgumentError } from '../errors.ts'
import type { Prediction } from '../inference/predictions.ts'
import { wholeNumber } from './arguments.ts'
import type { Context } from './context.ts'
import { eachPicture, type Failed } from './each-picture.ts'
import { MapFiles } from './map-files.ts'
import {
  addInferenceOptions,
  defaultModelHelp,
  defined,
  type ModelOptions,
  modelHelp,
  openModel,
  picturesHelp,
} from './model-options.ts'
import { heading, printJson, printLines, table } from './output.ts'
import { type Row, rowFile, saveRows } from './row-file.ts'
import { SortedFolder } from './sorted-folder.ts'
import { left, right } from './table.ts'

interface ClassifyOptions extends ModelOptions {
  readonly model?: string
  readonly top: number
  readonly cam?: string
  readonly class?: string
  readonly out?: string
  readonly sort?: string
  readonly json?: true
}

interface Answer {
  readonly file: string
  readonly predictions: readonly Prediction[]
  /** Where the map of the class lies. */
  readonly cam?: string
  /** Where it was copied to. */
  readonly sorted?: string
}

export function addClassify(program: Command, context: Context): void {
  const command = program
    .command('classify')
    .description('say what pictures show')
    .argument('<image...>', picturesHelp)
    .option('--model <model>', `${modelHelp}${defaultModelHelp}`)
    .option('--top <k>', 'how many classes to name', wholeNumber(1, 1_000_000), 5)
    .option(
      '--cam <out>',
      'draw where the network sees the class: NAME.png (or .jpg, .webp) for one picture, a folder for several',
    )
    .option('--class <class>', 'with --cam: the class to look for, by name or number (default: the best one)')
    .option(
      '--out <file>',
      'write the answers as a table, one row for each picture and class: NAME.csv or NAME.jsonl',
      rowFile,
    )
    .option('--sort <dir>', 'copy each picture into a folder of its best class; never overwrites a file')
  addInferenceOptions(command)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  resnet classify examples/pictures/analog-clock.png --model resnet50.keras_in1k\n  resnet classify examples/pictures --out classes.csv --sort sorted',
    )
    .action((files: readonly string[], options: ClassifyOptions) => classify(files, options, context))
}

async function classify(files: readonly string[], options: ClassifyOptions, context: Context): Promise<void> {
  const { top, out, json } = options
  if (options.class !== undefined && options.cam === undefined)
    throw new ArgumentError('--class says what --cam draws; name a file or folder with --cam')
  const { decodePicture } = await import('../images/decode.node.ts')
  const maps = options.cam === undefined ? undefined : await MapFiles.open(options.cam, files)
  if (options.sort !== undefined) await checkFolder(options.sort)
  if (out !== undefined) await checkTarget(out)
  const show = (answer: Answer) => printLines(linesOf(answer))
  const sorted = options.sort === undefined ? undefined : new SortedFolder(options.sort)
  const model = await openModel(options.model, options, context)
  const wanted = options.class === undefined ? undefined : classOf(options.class, model.model.labels)
  if (out !== undefined) context.saveFirst()
  const answers = await eachPicture(
    files,
    { task: 'classifying', ...(json ? {} : { show }) },
    context,
    async (picture): Promise<Answer> => {
      const { signal } = context
      const { file } = picture
      const pixels = await decodePicture(picture)
      const predictions = await model.classify(pixels, { top, signal })
      const [best] = predictions
      const map = async (to: MapFiles) => {
        const { drawMapOver } = await import('../inference/draw-map.ts')
        const { seenRectangle } = await import('../images/preprocess.ts')
        const found = await model.activationMap(pixels, { ...defined({ class: wanted }), signal })
        return to.save(file, drawMapOver(pixels, found, seenRectangle(pixels, model.model.preprocessing)))
      }
      return {
        file,
        predictions,
        ...(maps === undefined ? {} : { cam: await map(maps) }),
        ...(sorted === undefined || best === undefined
          ? {}
          : { sorted: await sorted.add(file, picture.bytes, best.label) }),
      }
    },
  )
  await model.dispose()
  if (json) printJson(answers)
  if (out !== undefined) await saveRows(out, titles, answers.flatMap(rowsOf))
}

/** A class by its name, which goes first, or by its number. */
function classOf(text: string, labels: readonly string[]): string | number {
  return labels.includes(text) || !/^\d+$/.test(text) ? text : Number(text)
}

const titles = ['file', 'rank', 'label', 'index', 'probability', 'error']

function rowsOf(answer: Answer | Failed): readonly Row[] {
  if (!('predictions' in answer)) return [{ file: answer.file, error: answer.error }]
  return answer.predictions.map(({ label, index, probability }, rank) => ({
    file: answer.file,
    rank: rank + 1,
    label,
    index,
    probability,
  }))
}

function linesOf({ file, predictions, cam, sorted }: Answer): readonly string[] {
  const rows = predictions.map(({ label, probability }) => [`  ${formatShare(probability)}`, label])
  return [
    heading(file),
    ...table([right(''), left('')], rows),
    ...(cam === undefined ? [] : [`  where: ${cam}`]),
    ...(sorted === undefined ? [] : [`  copied to: ${sorted}`]),
  ]
}
