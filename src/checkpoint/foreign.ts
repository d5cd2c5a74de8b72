/**
 * Formats that are recognised and not read, each with what to do instead: told by their first bytes, as far as they have
 * marks, and where they have none (protocol buffers) by what must follow.
 */
import { type Field, fieldsOf, isText } from './protocol-buffer.ts'

export interface Foreign {
  readonly matches: (start: Uint8Array, text: string) => boolean
  readonly what: string
  readonly advice?: string
}

const original = 'take the checkpoint that it was exported from'
const asSafetensors = 'save its arrays by name as safetensors'

/** Formats of protocol buffers, which have no marks: told by the fields that they begin with. */
const protocolBuffers: readonly Foreign[] = [
  {
    matches(start, text) {
      const [version, graph] = fieldsOf(start)
      const operations = /Const|NoOp|Placeholder|Add|MatMul/
      return version?.value === 1 && graph?.number === 2 && graph.bytes?.[0] === 0x0a && operations.test(text)
    },
    what: 'a SavedModel of TensorFlow (saved_model.pb)',
    advice: 'convert it with tensorflowjs_converter --output_format tfjs_layers_model',
  },
  {
    // A version, then the description of inputs.
    matches(start) {
      const [version, description] = fieldsOf(start)
      return isVersion(version) && description?.number === 2 && !isText(description.bytes)
    },
    what: 'a Core ML model (.mlmodel)',
    advice: original,
  },
  {
    // A version, then any of the producer, a domain, versions, a text, the graph, the sets of operators.
    matches(start) {
      const [version, next] = fieldsOf(start)
      return isVersion(version) && inRange(next?.number, 2, 8)
    },
    what: 'an ONNX model',
    advice: original,
  },
  {
    // Nodes, each with its name and its operation.
    matches(start) {
      const [node] = fieldsOf(start)
      const [name, operation] = node?.number === 1 ? fieldsOf(node.bytes ?? new Uint8Array()) : []
      return name?.number === 1 && isText(name.bytes) && operation?.number === 2 && isText(operation.bytes)
    },
    what: 'a frozen graph of TensorFlow (.pb)',
    advice: 'take the checkpoint or the Keras model that it was frozen from',
  },
  {
    // The name of the network, then inputs (3, 4, 8), layers (100) or layers of the old kind (2).
    matches(start) {
      const [first, next] = fieldsOf(start)
      if (first?.number === 100) return first.bytes?.[0] === 0x0a
      return first?.number === 1 && isText(first.bytes) && [2, 3, 4, 8, 100].includes(next?.number ?? 0)
    },
    what: 'a Caffe model (.caffemodel)',
    advice: 'take a conversion of it to PyTorch, Keras or safetensors',
  },
]

/** The first that matches counts. `start` are the first bytes of a file, `text` the same, a character a byte. */
export const foreign: readonly Foreign[] = [
  { matches: (start) => start.byteLength === 0, what: 'empty', advice: 'fetch or copy it again' },
  {
    matches: hasHdf5,
    what: 'an HDF5 file (Keras .h5)',
    advice: 'convert it with tensorflowjs_converter or load and save it as safetensors',
  },
  { matches: begins('PK\x05\x06', 'PK\x07\x08'), what: 'an empty or split zip' },
  {
    matches: begins('\x12\x01\0\0\0\0\0\0'),
    what: 'an MXNet parameter file',
    advice: 'save its arrays as safetensors',
  },
  { matches: begins('\x93NUMPY'), what: 'a NumPy array (.npy)', advice: asSafetensors },
  {
    matches: (_, text) => text.slice(257, 262) === 'ustar',
    what: 'a tar archive',
    advice: 'unpack it and name the checkpoint inside',
  },
  {
    matches: begins(
      '\x1f\x8b',
      'BZh',
      '\xfd7zXZ',
      '\x28\xb5\x2f\xfd',
      '7z\xbc\xaf',
      'Rar!',
      '\x04\x22\x4d\x18',
    ),
    what: 'compressed',
    advice: 'decompress it first',
  },
  {
    matches: (start, text) => isPickle(start) && text.includes('joblib'),
    what: 'a file of joblib',
    advice: 'load it in Python and save the network with torch.save or as safetensors',
  },
  {
    matches: isPickle,
    what: 'a plain Python pickle',
    advice: 'load it in Python and save it with torch.save or as safetensors',
  },
  {
    matches: begins('x\x01', 'x\x9c', 'x\xda'),
    what: 'compressed by zlib, as joblib does',
    advice: 'load it in Python and save the network with torch.save or as safetensors',
  },
  {
    matches: begins('version https://git-lfs'),
    what: 'a pointer of Git LFS, not the file itself',
    advice: 'run git lfs pull',
  },
  {
    matches: (_, text) => /^(\xef\xbb\xbf)?\s*<(!doctype|!--|html|\?xml|head|body)/i.test(text),
    what: 'a web page',
    advice: 'the download went wrong; fetch the file again',
  },
  {
    matches: (_, text) => /^\s*[{[]/.test(text),
    what: 'JSON text',
    advice: 'for a TensorFlow.js model name the folder that holds model.json',
  },
  {
    matches: begins('\x89PNG', '\xff\xd8\xff', 'GIF8', 'RIFF', 'BM', '%PDF'),
    what: 'a picture or a document',
  },
  { matches: begins('GGUF'), what: 'a GGUF file', advice: original },
  { matches: at(4, 'TFL3'), what: 'a TensorFlow Lite model', advice: original },
  { matches: at(4, 'ET1'), what: 'an ExecuTorch program', advice: original },
  { matches: begins('ptrt', 'ftrt'), what: 'an engine of TensorRT', advice: original },
  { matches: begins('\x7fELF', 'MZ'), what: 'a program' },
  {
    matches: begins('\x03\0\0\0\x01\0\0\0', '\x04\0\0\0\x01\0\0\0'),
    what: "a file of Torch 7 (Lua's .t7)",
    advice: 'take a conversion of it to PyTorch or safetensors',
  },
  {
    matches: (start) => inRange(start[0], 0x81, 0x8f) && inRange(start[1], 0xa1, 0xdb),
    what: 'a MessagePack file (Flax)',
    advice: asSafetensors,
  },
  ...protocolBuffers,
  {
    matches: (_, text) =>
      /^(\s*#.*\n)*\s*(name|layers?|input)\s*[:{]/.test(text) && /layers?\s*\{/.test(text),
    what: 'a Caffe network as text (.prototxt), which has no weights',
    advice: 'take a conversion of its .caffemodel to PyTorch, Keras or safetensors',
  },
  {
    matches: (start) => start.byteLength >= 16 && start.every((byte) => byte === 0),
    what: 'zeros from its beginning',
    advice: 'the download or copy went wrong; fetch the file again',
  },
  {
    matches: (start) =>
      start.byteLength >= 16 &&
      start.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d),
    what: 'text, not weights',
    advice: 'name the file with the weights',
  },
]

function begins(...marks: readonly string[]): Foreign['matches'] {
  return (_, text) => marks.some((mark) => text.startsWith(mark))
}

function at(offset: number, mark: string): Foreign['matches'] {
  return (_, text) => text.startsWith(mark, offset)
}

function isPickle(start: Uint8Array): boolean {
  return start[0] === 0x80 && inRange(start[1], 2, 5)
}

/** HDF5 may stand behind a block of 512, 1024, ... bytes. */
function hasHdf5(_: Uint8Array, text: string): boolean {
  return [0, 512, 1024, 2048].some((offset) => text.startsWith('\x89HDF\r\n\x1a\n', offset))
}

function inRange(value: number | undefined, least: number, most: number): boolean {
  return value !== undefined && value >= least && value <= most
}

function isVersion(field: Field | undefined): boolean {
  return field?.number === 1 && inRange(field.value, 1, 30)
}
