/**
 * Opens a checkpoint of any format that this package reads, told by its first bytes and never by its name; what it does
 * not read it names, with what to do.
 */
import { CheckpointError } from '../errors.ts'
import type { ByteSource, Folder } from './bytes.ts'
import type { Checkpoint } from './checkpoint.ts'
import { readFolder } from './folder.ts'
import { readSafetensors } from './formats/safetensors.ts'
import { readTorchLegacy } from './formats/torch-legacy.ts'
import { readTorchZip } from './formats/torch-zip.ts'
import { isIndex, readIndex, readShards, shardsOf } from './shards.ts'

interface Kind {
  readonly matches: (start: Uint8Array, text: string) => boolean
  readonly read: (source: ByteSource) => Promise<Checkpoint>
}

/** Enough for the mark of a tar, which stands at 257, and of an HDF5 file with a block before it. */
const peeked = 4096

const torchMagic = '\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19'

const kinds: readonly Kind[] = [
  { matches: (_, text) => text.startsWith('PK\x03\x04'), read: readTorchZip },
  {
    matches: (_, text) => text.startsWith('\x80') && text.slice(0, 32).includes(torchMagic),
    read: readTorchLegacy,
  },
  { matches: isSafetensors, read: readSafetensors },
  refuse(
    hasHdf5,
    'an HDF5 file (Keras .h5)',
    'convert it with tensorflowjs_converter or load and save it as safetensors',
  ),
  refuse(begins('PK\x05\x06', 'PK\x07\x08'), 'an empty or split zip'),
  refuse(begins('\x12\x01\0\0\0\0\0\0'), 'an MXNet parameter file', 'save its arrays as safetensors'),
  refuse(begins('\x93NUMPY'), 'a NumPy array (.npy)', 'save the arrays by name as safetensors'),
  refuse(
    (_, text) => text.slice(257, 262) === 'ustar',
    'a tar archive',
    'unpack it and name the checkpoint inside',
  ),
  refuse(
    begins('\x1f\x8b', 'BZh', '\xfd7zXZ', '\x28\xb5\x2f\xfd', '7z\xbc\xaf'),
    'compressed',
    'decompress it first',
  ),
  refuse(
    (start) => start[0] === 0x80 && (start[1] ?? 9) <= 5,
    'a plain Python pickle',
    'save it with torch.save or as safetensors',
  ),
  refuse(begins('version https://git-lfs'), 'a pointer of Git LFS, not the file itself', 'run git lfs pull'),
  refuse(
    (_, text) => /^\s*<(!doctype|html|\?xml|head|body)/i.test(text),
    'a web page',
    'the download went wrong; fetch the file again',
  ),
  refuse(
    (_, text) => /^\s*[{[]/.test(text),
    'JSON text',
    'for a TensorFlow.js model name the folder that holds model.json',
  ),
  refuse(begins('\x89PNG', '\xff\xd8\xff', 'GIF8', 'RIFF', 'BM', '%PDF'), 'a picture or a document'),
  refuse(begins('GGUF'), 'a GGUF file'),
  refuse((_, text) => text.slice(4, 8) === 'TFL3', 'a TensorFlow Lite model'),
  refuse(
    (start) => start[0] === 8 && (start[1] ?? 99) < 20 && start[2] === 0x12,
    'an ONNX model',
    'take the checkpoint that it was exported from',
  ),
]

const formats = 'safetensors, PyTorch (.pth, .pt, .bin, .th) and folders with a TensorFlow.js model.json'

/**
 * Reads what a file or folder holds. On failure the source is closed. Throws `CheckpointError` where it is none of the
 * formats, or damaged.
 */
export async function readCheckpoint(from: ByteSource | Folder): Promise<Checkpoint> {
  if ('open' in from) return readFolder(from, readFile)
  const { name, beside } = from
  if (beside !== undefined && isIndex(name)) {
    const index = await readIndex(from).finally(() => from.close())
    return { ...(await readShards(name, index, beside, readFile)), beside }
  }
  const shards = shardsOf(name)
  if (shards === undefined) return readFile(from)
  await from.close()
  if (beside === undefined) {
    throw new CheckpointError(
      `${name}: is one of ${shards.length} shards of a network; name the folder with all of them`,
    )
  }
  return { ...(await readShards(name, { files: shards }, beside, readFile)), beside }
}

async function readFile(from: ByteSource): Promise<Checkpoint> {
  try {
    const start = await from.read(0, Math.min(peeked, from.size))
    const text = String.fromCharCode(...start)
    const kind = kinds.find(({ matches }) => matches(start, text))
    if (kind === undefined) {
      throw new CheckpointError(`${from.name}: is not a checkpoint of a known format; read are ${formats}`)
    }
    const checkpoint = await kind.read(from)
    return from.beside === undefined ? checkpoint : { ...checkpoint, beside: from.beside }
  } catch (error) {
    await from.close()
    throw error
  }
}

function begins(...marks: readonly string[]): Kind['matches'] {
  return (_, text) => marks.some((mark) => text.startsWith(mark))
}

/** The row of a format that is recognised but not read. */
function refuse(matches: Kind['matches'], what: string, advice?: string): Kind {
  return {
    matches,
    async read(source) {
      throw new CheckpointError(
        `${source.name}: is ${what}; read are ${formats}${advice === undefined ? '' : `; ${advice}`}`,
      )
    },
  }
}

/** A length that could be one, then the brace of the header. Lengths beyond the limits are the reader's to refuse. */
function isSafetensors(start: Uint8Array): boolean {
  return start.byteLength >= 9 && start[8] === 0x7b && start[0] !== 0x7b && start[7] === 0
}

/** HDF5 may stand behind a block of 512, 1024, ... bytes. */
function hasHdf5(_: Uint8Array, text: string): boolean {
  return [0, 512, 1024, 2048].some((offset) => text.startsWith('\x89HDF\r\n\x1a\n', offset))
}
