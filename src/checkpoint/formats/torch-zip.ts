/**
 * PyTorch's format since 1.6 (`caffe2/serialize/inline_container.cc`): a zip without compression, in one folder
 * `data.pkl` (the object), `data/KEY` (the storages), `version`, `byteorder`. Storages are never read as a whole: a tensor
 * is read from its own range.
 */
import { CheckpointError } from '../../errors.ts'
import type { ByteSource } from '../bytes.ts'
import { sourceOfBytes } from '../bytes.ts'
import type { Checkpoint } from '../checkpoint.ts'
import { limits } from './limits.ts'
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
  await checkByteOrder(source.name, zip, `${folder}byteorder`)
  const pickle = sourceOfBytes(source.name, await zip.content(`${folder}data.pkl`, limits.pickleBytes))
  const { value, inert } = await readPickle(pickle, 0, torchHost())
  const { tensors, extras, notes } = findStateDict(source.name, value)
  return {
    format: 'torch-zip',
    name: source.name,
    tensors: await bindTensors(source, tensors, async ({ key }) => {
      const storage = await zip.open(`${folder}data/${key}`)
      return { source: storage, offset: 0, bytes: storage.size }
    }),
    metadata: new Map(),
    extras,
    notes: [...notes, ...inertNotes(inert), ...zipNotes(zip)],
    close: () => source.close(),
  }
}

function findFolder(file: string, names: readonly string[]): string {
  const pickles = names.filter((name) => /^[^/]+\/data\.pkl$/.test(name))
  const folder = pickles[0]?.slice(0, -'data.pkl'.length)
  if (folder === undefined || pickles.length > 1) {
    throw new CheckpointError(
      `${file}: is ${kindOfZip(names)}, not a PyTorch checkpoint (which has one data.pkl); read are safetensors, PyTorch and TensorFlow.js`,
    )
  }
  if (names.some((name) => name === `${folder}constants.pkl` || name.startsWith(`${folder}code/`))) {
    throw new CheckpointError(
      `${file}: is a TorchScript archive, which holds a program; save its tensors alone: torch.save(torch.jit.load(path).state_dict(), 'tensors.pth')`,
    )
  }
  return folder
}

function kindOfZip(names: readonly string[]): string {
  if (names.includes('model.weights.h5')) return 'a Keras 3 file (.keras)'
  if (names.some((name) => name.endsWith('.npy'))) return 'a NumPy archive (.npz)'
  return 'a zip'
}

async function checkByteOrder(file: string, zip: ZipArchive, name: string): Promise<void> {
  if (!zip.names.includes(name)) return
  const order = new TextDecoder().decode(await zip.content(name, 64)).trim()
  if (order !== 'little') {
    throw new CheckpointError(
      `${file}: was written on a big-endian machine; load and save it on a little-endian one`,
    )
  }
}

function zipNotes({ unchecked }: ZipArchive): string[] {
  return unchecked ? ['the file was written without checksums, so damage to its numbers cannot be seen'] : []
}
