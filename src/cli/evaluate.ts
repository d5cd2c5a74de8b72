/** `resnet evaluate`: how often a model is right. */
import type { Command } from 'commander'
import { formatCount, formatDuration, formatShare } from '../analysis/format.ts'
import { checkTarget } from '../disk.node.ts'
import type { Evaluation, JudgedImage } from '../inference/evaluate.ts'
import { formatInterval } from '../inference/interval.ts'
import { wholeNumber } from './arguments.ts'
import type { Context } from './context.ts'
import { addInferenceOptions, datasetHelp, type ModelOptions, modelHelp, openModel } from './model-options.ts'
import { printError, printJson, printLines, table, tell } from './output.ts'
import { pictureFile, savePicture } from './picture-file.ts'
import { Progress } from './progress.ts'
import { type Row, rowFile, saveRows } from './row-file.ts'
import { right, wrapping } from './table.ts'

interface EvaluateOptions extends ModelOptions {
  readonly model: string
  readonly split?: string
  readonly limit?: number
  readonly confusion?: string
  readonly out?: string
  readonly json?: true
}

/** Of fewer images than these an accuracy is told with the interval that it stands for. */
const surely = 2000

const titles = ['file', 'label', 'answer', 'probability', 'probabilityOfLabel', 'correct']

/** Classes shown to people, those that go worst; `--json` answers all. */
const shownClasses = 10

export function addEvaluate(program: Command, context: Context): void {
  const command = program
    .command('evaluate')
    .description('measure how often a model is right on a dataset')
    .argument('<dataset>', datasetHelp)
    .requiredOption('--model <model>', modelHelp)
    .option('--split <name>', 'the split to judge on: train, val or test (default: val, else test)')
    .option(
      '--limit <n>',
      'judge at most N images, spread evenly over the dataset',
      wholeNumber(1, 1_000_000_000),
    )
    .option('--confusion <file>', 'draw the confusion matrix: NAME.svg or NAME.png', pictureFile)
  command.option(
    '--out <file>',
    'write the answer for each image as a table: NAME.csv or NAME.jsonl',
    rowFile,
  )
  addInferenceOptions(command)
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  resnet evaluate pictures.tar --split val --model resnet50.keras_in1k --limit 20\n  resnet evaluate cifar10 --model runs/cifar10/best.safetensors --confusion confusion.png',
    )
    .action(async (dataset: string, options: EvaluateOptions) => {
      const { split, limit, confusion, out, json } = options
      const images: JudgedImage[] = []
      for (const target of [confusion, out]) if (target !== undefined) await checkTarget(target)
      const model = await openModel(options.model, options, context)
      const progress = new Progress({ task: 'evaluating', unit: 'images' })
      if (out !== undefined) context.saveFirst()
      const answering = model.evaluate(dataset, {
        ...(split === undefined ? {} : { split }),
        ...(limit === undefined ? {} : { limit }),
        ...(out === undefined ? {} : { answered: (image) => images.push(image) }),
        signal: context.signal,
        progress: ({ done, total }) => progress.update(done, total),
      })
      const evaluation = await answering.catch(async (error: unknown) => {
        if (out !== undefined && context.signal.aborted && images.length > 0) {
          await saveRows(out, titles, images.map(rowOf))
          tell(`interrupted: the answers for ${formatCount(images.length)} images are kept in ${out}`)
        }
        throw error
      })
      progress.end()
      await model.dispose()
      if (evaluation.errors.length > 0) context.setStatus(2)
      // The whole command: the clock of the process starts with it.
      const answer = { ...evaluation, seconds: performance.now() / 1000 }
      for (const note of evaluation.notes) tell(note)
      // Before the files: what goes wrong with those takes no answer away.
      if (json) printJson(answer)
      else printLines(linesOf(answer, model.answering().classes))
      const say = (line: string) => (json ? undefined : printLines([line]))
      if (out !== undefined) {
        await saveRows(out, titles, images.map(rowOf))
        say(`${out}: the answer for each image`)
      }
      if (confusion !== undefined) {
        const { drawConfusion } = await import('../plots/confusion.ts')
        await savePicture(confusion, await drawConfusion(evaluation))
        say(`${confusion}: the confusion matrix`)
      }
    })
}

/** A table's row: the fields by their titles. */
function rowOf(image: JudgedImage): Row {
  return { ...image }
}

/** `classes` are the model's. */
function linesOf(evaluation: Evaluation, classes: number): readonly string[] {
  const { images, correct, correct5, top1, top5, loss, seconds, imagesPerSecond, perClass, errors } =
    evaluation
  for (const { error } of errors) printError(error)
  const count = formatCount
  const worst = perClass
    .filter((row) => row.images > row.correct)
    .sort((a, b) => a.top1 - b.top1 || b.images - a.images)
    .slice(0, shownClasses)
  // Of five classes or fewer the right one is always within five.
  const within = classes > 5 ? `, ${count(correct5)} within the best five (${formatShare(top5)})` : ''
  const doubt = images < surely ? `; ${formatInterval(correct, images)} with 95 % confidence` : ''
  return [
    `${count(correct)} of ${count(images)} images right (${formatShare(top1)}${doubt})${within}`,
    `mean loss ${loss.toFixed(4)} nats`,
    `${formatDuration(seconds)}, ${imagesPerSecond.toFixed(2)} images/s in the network alone`,
    ...(worst.length === 0 ? [] : ['', ...worstLines(worst)]),
  ]
}

function worstLines(rows: Evaluation['perClass']): readonly string[] {
  return table(
    [wrapping('hardest classes'), right('right'), right('of')],
    rows.map(({ label, correct, images }) => [label, formatCount(correct), formatCount(images)]),
  )
}
