/** `resnet classify`: what pictures show. */
import type { Command } from 'commander'
import { formatShare } from '../analysis/format.ts'
import { decodePicture } from '../images/decode.node.ts'
import { drawMap } from '../inference/draw-map.ts'
import type { Prediction } from '../inference/predictions.ts'
import { wholeNumber } from './arguments.ts'
import type { Context } from './context.ts'
import { eachPicture, tellFailures } from './each-picture.ts'
import { MapFiles } from './map-files.ts'
import { addInferenceOptions, type ModelOptions, modelHelp, openModel } from './model-options.ts'
import { heading, printJson, printLines, table } from './output.ts'
import { left, right } from './table.ts'

interface ClassifyOptions extends ModelOptions {
  readonly model?: string
  readonly top: number
  readonly cam?: string
  readonly json?: true
}

interface Answer {
  readonly file: string
  readonly predictions: readonly Prediction[]
  /** Where the map of the best class lies. */
  readonly cam?: string
}

export function addClassify(program: Command, context: Context): void {
  const command = program
    .command('classify')
    .description('name what pictures show')
    .argument(
      '<image...>',
      'pictures (JPEG, PNG, WebP, GIF, TIFF, AVIF, BMP); folders or .tar archives of them',
    )
    .option(
      '--model <model>',
      `${modelHelp}; without it ImageNet's network once it was fetched, else the shipped one`,
    )
    .option('--top <k>', 'how many classes to name', wholeNumber(1, 1_000_000), 5)
    .option(
      '--cam <out>',
      'draw where the best class is seen, over each picture: NAME.png for one picture, or a folder',
    )
  addInferenceOptions(command)
    .option('--json', 'answer JSON')
    .addHelpText(
      'after',
      '\nExample:\n  resnet classify examples/pictures/analog-clock.png --model resnet50.keras_in1k',
    )
    .action(async (files: readonly string[], options: ClassifyOptions) => {
      const maps = options.cam === undefined ? undefined : await MapFiles.open(options.cam, files)
      const model = await openModel(options.model, options, context)
      const answers = await eachPicture(files, 'classifying', context, async (picture): Promise<Answer> => {
        const { signal } = context
        const { file } = picture
        const pixels = await decodePicture(picture)
        const predictions = await model.classify(pixels, { top: options.top, signal })
        if (maps === undefined) return { file, predictions }
        const map = await model.activationMap(pixels, { signal })
        return { file, predictions, cam: await maps.save(file, drawMap(await model.seen(pixels), map)) }
      })
      await model.dispose()
      if (options.json) printJson(answers)
      else printLines(tellFailures(answers).flatMap(linesOf))
    })
}

function linesOf({ file, predictions, cam }: Answer): readonly string[] {
  const rows = predictions.map(({ label, probability }) => [`  ${formatShare(probability)}`, label])
  return [
    heading(file),
    ...table([right(''), left('')], rows),
    ...(cam === undefined ? [] : [`  where: ${cam}`]),
  ]
}
