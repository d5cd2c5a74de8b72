/** `resnet convert`: a checkpoint of any source, or a network's first weights, as one model file or an ONNX file. */
import type { Command } from 'commander'
import type { Model } from '../checkpoint/model.ts'
import { ArgumentError } from '../errors.ts'
import { wholeNumber } from './arguments.ts'
import type { Context } from './context.ts'
import { formatBytes, formatCount } from './format.ts'
import { addModelOptions, type ModelOptions, readModelFrom } from './model-options.ts'
import { printJson, printLines } from './output.ts'

interface ConvertOptions extends ModelOptions {
  readonly seed: number
  readonly json?: true
}

export function addConvert(program: Command, context: Context): void {
  const command = program
    .command('convert')
    .description(
      "write a model file (tensors under torchvision's names, with config, labels and preprocessing) or an ONNX file",
    )
    .argument(
      '<in>',
      'a checkpoint, a folder with a model.json, a published name, npm:PACKAGE; or the name of a network, for its first weights',
    )
    .argument('<out>', 'NAME.safetensors for a model file, NAME.onnx for ONNX')
    .option('--seed <n>', 'seed of first weights', wholeNumber(0, 4_294_967_295), 0)
  addModelOptions(command)
    .option('--json', 'answer JSON')
    .addHelpText('after', '\nExample:\n  resnet convert resnet50-0676ba61.pth resnet50.safetensors')
    .action(async (from: string, out: string, options: ConvertOptions) => {
      const [format, load] = writerOf(out)
      const save = await load()
      const model = await modelOf(from, options, context)
      const bytes = await save(out, model)
      const tensors = model.tensors.size
      if (options.json) printJson({ in: from, out, format, tensors, bytes })
      else printLines([`${out}: ${model.name}, ${formatCount(tensors)} tensors, ${formatBytes(bytes)}`])
    })
}

type Save = (path: string, model: Model) => Promise<number>

/** What writes each format, which the ending of the file's name tells. */
const writers: readonly (readonly [format: string, load: () => Promise<Save>])[] = [
  ['safetensors', async () => (await import('../checkpoint/save.ts')).saveModel],
  ['onnx', async () => (await import('../export/save.ts')).saveOnnx],
]

function writerOf(out: string): readonly [format: string, load: () => Promise<Save>] {
  const found = writers.find(([format]) => out.endsWith(`.${format}`))
  if (found !== undefined) return found
  throw new ArgumentError(`${out}: the file must be called NAME.safetensors or NAME.onnx`)
}

/** The name of a network goes before a file of that name; `./resnet50` is always the file. */
async function modelOf(from: string, options: ConvertOptions, context: Context): Promise<Model> {
  const { isVariantName } = await import('../architecture/variants.ts')
  if (!isVariantName(from)) return readModelFrom(from, options, context)
  const { firstWeights } = await import('../inference/first-weights.ts')
  return firstWeights(from, options.seed)
}
