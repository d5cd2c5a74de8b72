/**
 * What a folder holds, where a person names a folder: a TensorFlow.js model, a model of Hugging Face whole or in shards, an
 * unpacked PyTorch file, one checkpoint. For everything else the message says what lies there.
 */
import { CheckpointError } from '../errors.ts'
import type { ByteSource, Folder } from './bytes.ts'
import type { Checkpoint } from './checkpoint.ts'
import { readTfjs } from './formats/tfjs.ts'
import { readTorchFolder } from './formats/torch-zip.ts'
import { isIndex, type ReadFile, readIndex, readShards, shardsOf } from './shards.ts'

/** Reads the one checkpoint in a folder. Throws `CheckpointError` where there is none, or several. */
export async function readFolder(folder: Folder, readFile: ReadFile): Promise<Checkpoint> {
  const names = await folder.list()
  const beside = (name: string) => openInside(folder, name)
  return { ...(await readListed(folder, names, readFile)), beside }
}

async function readListed(folder: Folder, names: readonly string[], readFile: ReadFile): Promise<Checkpoint> {
  const beside = (name: string) => openInside(folder, name)
  if (names.includes('model.json')) return readTfjs(folder)
  if (names.includes('data.pkl')) return readTorchFolder(folder, '')
  const inner = names.filter((name) => name.endsWith('/'))
  for (const prefix of inner.length === 1 ? inner : []) {
    const pickle = await beside(`${prefix}data.pkl`)
    await pickle?.close()
    if (pickle !== undefined) return readTorchFolder(folder, prefix)
  }
  const other = foreign.find(({ matches }) => names.some((name) => matches.test(name)))
  if (other !== undefined) throw new CheckpointError(`${folder.name}: is ${other.what}; ${other.advice}`)
  const index = names.find(isIndex)
  if (index !== undefined) {
    const source = await folder.open(index)
    try {
      return await readShards(folder.name, await readIndex(source), beside, readFile)
    } finally {
      await source.close()
    }
  }
  const name = chosen(folder, names)
  const shards = shardsOf(name)
  if (shards !== undefined) return readShards(folder.name, { files: shards }, beside, readFile)
  return readFile(await folder.open(name))
}

/** Opens a file inside; undefined where there is none. */
export async function openInside(folder: Folder, name: string): Promise<ByteSource | undefined> {
  try {
    return await folder.open(name)
  } catch (error) {
    if (error instanceof CheckpointError) return undefined
    throw error
  }
}

/** Folders of other programs, told by a file in them. */
const foreign: readonly { readonly matches: RegExp; readonly what: string; readonly advice: string }[] = [
  {
    matches: /^saved_model\.pb(txt)?$/,
    what: "a SavedModel of TensorFlow (Keras' model.save)",
    advice:
      'convert it with tensorflowjs_converter --output_format tfjs_layers_model, or save its weights as safetensors',
  },
  {
    matches: /\.ckpt(-\d+)?\.index$|^variables\.index$/,
    what: 'a checkpoint of TensorFlow (.index and .data files)',
    advice: 'load it with TensorFlow and save its variables by name as safetensors',
  },
  {
    matches: /\.distcp$/,
    what: 'a distributed checkpoint of PyTorch',
    advice: 'join it: python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER model.pth',
  },
  {
    matches: /^(zero_to_fp32\.py|mp_rank_\d+_model_states\.pt)$/,
    what: 'a checkpoint of DeepSpeed',
    advice: 'join it with its own script: python zero_to_fp32.py . model',
  },
  {
    matches: /^(Manifest\.json|coremldata\.bin)$/,
    what: 'a package of Core ML',
    advice: 'take the checkpoint that it was converted from',
  },
]

/** Files of a training run beside the network. */
const asides =
  /^(optimizer|scheduler|scaler|rng_state|trainer_state|training_args|random_states|state|features|events|ema)([._-].*)?\.(pt|pth|bin|safetensors|pkl)$/

const endings = /\.(safetensors|pth|pt|bin|th|ckpt|pkl|pickle|tar|h5|keras|onnx|npz|weights)$/i

/** Names that Hugging Face's programs look for, in their order. */
const usual = ['model.safetensors', 'pytorch_model.bin', 'diffusion_pytorch_model.safetensors']

/** The file to read. Throws `CheckpointError` where none is meant, or several may be. */
function chosen(folder: Folder, names: readonly string[]): string {
  const known = usual.find((name) => names.includes(name))
  if (known !== undefined) return known
  const files = names.filter((name) => endings.test(name) && !asides.test(name))
  const [first, ...rest] = files
  if (first !== undefined && (rest.length === 0 || rest.every((name) => shardsOf(first)?.includes(name))))
    return first
  if (first !== undefined) {
    const more = files.length > 5 ? ` and ${files.length - 5} more` : ''
    throw new CheckpointError(
      `${folder.name}: holds ${files.length} checkpoints, ${files.slice(0, 5).join(', ')}${more}; name one of them`,
    )
  }
  const shown = names.slice(0, 5).join(', ')
  const what =
    names.length === 0
      ? 'is empty'
      : `holds no checkpoint, but ${shown}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`
  throw new CheckpointError(
    `${folder.name}: ${what}; expected a model.json of TensorFlow.js, a model.safetensors, a pytorch_model.bin or one file of PyTorch`,
  )
}
