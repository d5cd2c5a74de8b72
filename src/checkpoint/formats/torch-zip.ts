/**
 * PyTorch's format since 1.6 (`caffe2/serialize/inline_container.cc`): a zip without compression, in one folder
 * `data.pkl` (the object), `data/KEY` (the storages), `version`, `byteorder`. Storages are never read as a whole: a tensor
 * is read from its own range.
 */
import { CheckpointError } from '../../errors.ts'
import { type ByteSource, type Folder, sourceOfBytes } from '../bytes.ts'
import type { Checkpoint } from '../checkpoint.ts'
import { limits } from './limits.ts'
import { quote } from './names.ts'
import { torchHost } from './torch-globals.ts'
import { inertNotes } from './torch-notes.ts'
import { bindTensors } from './torch-tensors.ts'
import { readPickle } from './unpickle.ts'
import { findStateDict } from './unwrap.ts'
import { readZip, type ZipArchive } from './zip-archive.ts'

/** Reads the directory and the object; tensors are read when asked for. Throws `CheckpointError`. */
export async function readTorchZip(source: ByteSource): Promise<Checkpoint> {
  const zip = await readZip(source)
  const folder = findFolder(source.name, zip.names)
  const files: TorchFiles = {
    name: source.name,
    size: source.size,
    open: (name) => zip.open(folder + name),
    has: async (name) => zip.names.includes(folder + name),
  }
  const checkpoint = await readFiles(files)
  return {
    ...checkpoint,
    notes: [...checkpoint.notes, ...zipNotes(zip)],
    close: () => source.close(),
  }
}

/** Reads such a zip that somebody unpacked; `prefix` is the folder of `data.pkl` in it. Throws `CheckpointError`. */
export async function readTorchFolder(folder: Folder, prefix: string): Promise<Checkpoint> {
  const open = (name: string) => reopened(folder, prefix + name)
  const has = (name: string) =>
    open(name).then(
      () => true,
      () => false,
    )
  const checkpoint = await readFiles({ name: folder.name, size: 0, open, has })
  return { ...checkpoint, notes: [...checkpoint.notes, 'read from an unpacked file'], async close() {} }
}

/** A file that is opened again for each read: a network has more storages than a process may have open files. */
async function reopened(folder: Folder, path: string): Promise<ByteSource> {
  const { name, size, close } = await folder.open(path)
  await close()
  return {
    name,
    size,
    async read(offset, length) {
      const source = await folder.open(path)
      return source.read(offset, length).finally(() => source.close())
    },
    async close() {},
  }
}

/** The files of the format, wherever they lie. */
interface TorchFiles {
  readonly name: string
  /** Bytes of all of them, as far as they are known. */
  readonly size: number
  open(name: string): Promise<ByteSource>
  has(name: string): Promise<boolean>
}

async function readFiles(files: TorchFiles): Promise<Omit<Checkpoint, 'close'>> {
  const { name, size } = files
  if (await files.has('byteorder')) checkByteOrder(name, await content(files, 'byteorder', 64))
  const pickle = sourceOfBytes(name, await content(files, 'data.pkl', limits.pickleBytes))
  const { value, inert } = await readPickle(pickle, 0, torchHost())
  const { tensors, extras, notes } = findStateDict(name, value)
  const bound = await bindTensors({ name, size }, tensors, async ({ key }) => {
    const storage = await files.open(`data/${key}`)
    return { source: storage, offset: 0, bytes: storage.size }
  })
  return {
    format: 'torch-zip',
    name,
    tensors: bound,
    metadata: new Map(),
    extras,
    notes: [...notes, ...inertNotes(inert)],
  }
}

async function content(files: TorchFiles, name: string, most: number): Promise<Uint8Array> {
  const source = await files.open(name)
  if (source.size > most) {
    throw new CheckpointError(
      `${files.name}: its entry ${quote(name)} claims ${source.size} bytes; at most ${most} are read; where it holds arrays of NumPy, save them as tensors of PyTorch`,
    )
  }
  return source.read(0, source.size)
}

function findFolder(file: string, names: readonly string[]): string {
  const pickles = names.filter((name) => /^[^/]+\/data\.pkl$/.test(name))
  const folder = pickles[0]?.slice(0, -'data.pkl'.length)
  if (folder === undefined || pickles.length > 1) {
    throw new CheckpointError(
      `${file}: is ${kindOfZip(names)}, not a PyTorch checkpoint (which has one data.pkl); readable formats: safetensors, PyTorch and TensorFlow.js`,
    )
  }
  if (names.some((name) => name === `${folder}constants.pkl` || name.startsWith(`${folder}code/`))) {
    throw new CheckpointError(
      `${file}: is a TorchScript archive, which holds a program; save its tensors alone: torch.save(torch.jit.load(path).state_dict(), 'tensors.pth')`,
    )
  }
  return folder
}

/** Archives of other programs, told by an entry. */
const otherZips: readonly (readonly [RegExp, string])[] = [
  [/^model\.weights\.h5$/, 'a Keras 3 file (.keras)'],
  [/\.npy$/, 'a NumPy archive (.npz)'],
  [
    /(^|\/)(serialized_exported_program\.json|models\/[^/]+\.json|archive_format)$/,
    'a program of torch.export (.pt2)',
  ],
  [/^MAR-INF\//, 'an archive of TorchServe (.mar), to be unpacked'],
  [/(^|\/)saved_model\.pb$/, 'a zipped SavedModel of TensorFlow, to be unpacked'],
  [/(^|\/)coremldata\.bin$|\.mlpackage\//, 'a zipped package of Core ML'],
  [/\.(safetensors|pth|pt|bin|ckpt|h5|keras)$/, 'a zip with a checkpoint in it, to be unpacked'],
]

function kindOfZip(names: readonly string[]): string {
  const known = otherZips.find(([entry]) => names.some((name) => entry.test(name)))
  return known?.[1] ?? 'a zip'
}

function checkByteOrder(file: string, text: Uint8Array): void {
  if (new TextDecoder().decode(text).trim() !== 'little') {
    throw new CheckpointError(
      `${file}: was written on a big-endian machine; load and save it on a little-endian one`,
    )
  }
}

function zipNotes({ unchecked }: ZipArchive): string[] {
  return unchecked ? ['the file was written without checksums, so damage to its numbers cannot be seen'] : []
}
