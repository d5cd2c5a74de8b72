/** `resnet convert`: a checkpoint of any source, or a network's first weights, as one model file or an ONNX file. */
import { rm } from 'node:fs/promises'
import type { Command } from 'commander'
import { formatBytes, formatCount } from '../analysis/format.ts'
import type { Model } from '../checkpoint/model.ts'
import { checkTarget } from '../disk.node.ts'
import { ArgumentError } from '../errors.ts'
import { opsets } from '../export/opsets.ts'
import { oneOf, wholeNumber } from './arguments.ts'
import type { Context } from './context.ts'
import { addModelOptions, defined, type ModelOptions, modelHelp, readModelFrom } from './model-options.ts'
import { printed, printJson, printLines, tell } from './output.ts'

interface ConvertOptions extends ModelOptions {
  readonly seed: number
  readonly half?: true
  readonly opset?: number
  readonly input?: 'dynamic'
  readonly batch?: number
  readonly json?: true
}

export function addConvert(program: Command, context: Context): void {
  const command = program
    .command('convert')
    .description(
      "write a model file (tensors with torchvision's names, config, labels and preprocessing) or an ONNX file",
    )
    .argument('<in>', `${modelHelp}; or the name of a network, which gets random weights`)
    .argument('<out>', 'NAME.safetensors for a model file, NAME.onnx for ONNX')
    .option('--seed <n>', 'seed of the random weights of a named network', wholeNumber(0, 4_294_967_295), 0)
    .option(
      '--half',
      'write a model file in half precision, at half the size; tensors that do not fit stay in single precision',
    )
    .option(
      '--opset <n>',
      `version of ONNX's operators, ${opsets.least} to ${opsets.greatest} (default: ${opsets.usual})`,
      wholeNumber(opsets.least, opsets.greatest),
    )
    .option(
      '--input <size>',
      'dynamic: an ONNX file for images of any height and width; without it, of the size the network was made for',
      oneOf(['dynamic']),
    )
    .option(
      '--batch <n>',
      'an ONNX file for this number of images at a time; without it, for any number',
      wholeNumber(1, 65_536),
    )
  addModelOptions(command)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExample:\n  resnet convert resnet50-0676ba61.pth resnet50.safetensors')
    .action(async (from: string, out: string, options: ConvertOptions) => {
      const [format, save] = writerOf(out, options)
      await checkTarget(out)
      const model = await modelOf(from, options, context)
      const bytes = await save(out, model, { ...options, signal: context.signal })
      const tensors = model.tensors.size
      context.saveFirst()
      if (options.json) printJson({ in: from, out, format, tensors, bytes })
      else printLines([`${out}: ${model.name}, ${formatCount(tensors)} tensors, ${formatBytes(bytes)}`])
      await printed()
      // A caller that is told of a failure must not find the file, as if all was well.
      if (context.signal.aborted) await rm(out, { force: true })
    })
}

type Save = (
  path: string,
  model: Model,
  options: ConvertOptions & { readonly signal: AbortSignal },
) => Promise<number>

/** What writes each format, which the ending of the file's name tells. */
const writers: readonly (readonly [format: string, save: Save])[] = [
  [
    'safetensors',
    async (path, model, { half, signal }) => {
      const { saveModel } = await import('../checkpoint/save.ts')
      const bytes = await saveModel(path, model, { precision: half ? 'float16' : 'float32', signal })
      if (half) await tellKeptSingle(model)
      return bytes
    },
  ],
  [
    'onnx',
    async (path, model, { opset, input, batch, signal }) => {
      if (model.answers === 'none')
        tell('it has no classifier: the output of the ONNX file is features, what a classifier would read')
      const wanted = defined({ opset, input, batch })
      return (await import('../export/save.ts')).saveOnnx(path, model, { ...wanted, signal })
    },
  ],
]

function writerOf(out: string, options: ConvertOptions): readonly [format: string, save: Save] {
  const { half, opset, input, batch } = options
  if (half && !out.endsWith('.safetensors'))
    throw new ArgumentError(`${out}: only NAME.safetensors is written in half precision; leave out --half`)
  const onnxOnly = Object.entries({ opset, input, batch }).find(([, value]) => value !== undefined)
  if (onnxOnly !== undefined && !out.endsWith('.onnx'))
    throw new ArgumentError(`${out}: --${onnxOnly[0]} belongs to ONNX files, NAME.onnx; leave it out`)
  const found = writers.find(([format]) => out.endsWith(`.${format}`))
  if (found !== undefined) return found
  throw new ArgumentError(`${out}: the file must be called NAME.safetensors or NAME.onnx`)
}

async function tellKeptSingle(model: Model): Promise<void> {
  const { beyondHalf } = await import('../checkpoint/model-file.ts')
  const kept = beyondHalf(model)
  if (kept.length === 0) return
  const values = kept.reduce((sum, name) => sum + (model.tensors.get(name)?.length ?? 0), 0)
  tell(
    `${kept.length} of ${model.tensors.size} tensors (${formatCount(values)} values, ${kept[0]} the first) stay in single precision, since half precision cannot hold their values as well`,
  )
}

/** The name of a network goes before a file of that name; `./resnet50` is always the file. */
async function modelOf(from: string, options: ConvertOptions, context: Context): Promise<Model> {
  const { isVariantName } = await import('../architecture/variants.ts')
  if (!isVariantName(from)) return readModelFrom(from, options, context)
  const { firstWeights } = await import('../inference/first-weights.ts')
  return firstWeights(from, options.seed)
}
