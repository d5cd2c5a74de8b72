/**
 * The messages of an ONNX file that we write; field numbers are those of onnx.proto
 * (github.com/onnx/onnx/blob/main/onnx/onnx.proto).
 */
import type { OnnxAttribute } from '../ops/onnx.ts'
import { Message } from './protobuf.ts'

const elementTypes = { float32: 1, int64: 7 } as const
const attributeTypes = { float: 1, int: 2, text: 3, ints: 7 } as const

/** A ModelProto; `irVersion` is the version of the file format, `opset` that of the operators. */
export function modelProto(model: {
  readonly irVersion: number
  readonly opset: number
  readonly producer: string
  readonly graph: Message
  readonly metadata: ReadonlyMap<string, string>
}): Message {
  const message = new Message().integer(1, model.irVersion).text(2, model.producer).message(7, model.graph)
  message.message(8, new Message().text(1, '').integer(2, model.opset))
  for (const [key, value] of model.metadata) message.message(14, new Message().text(1, key).text(2, value))
  return message
}

/** A GraphProto, of messages made by the functions below. */
export function graphProto(graph: {
  readonly name: string
  readonly nodes: readonly Message[]
  readonly tensors: readonly Message[]
  readonly inputs: readonly Message[]
  readonly outputs: readonly Message[]
}): Message {
  const message = new Message()
  for (const node of graph.nodes) message.message(1, node)
  message.text(2, graph.name)
  for (const tensor of graph.tensors) message.message(5, tensor)
  for (const input of graph.inputs) message.message(11, input)
  for (const output of graph.outputs) message.message(12, output)
  return message
}

/** A NodeProto. */
export function nodeProto(node: {
  readonly name: string
  readonly type: string
  readonly inputs: readonly string[]
  readonly output: string
  readonly attributes: Readonly<Record<string, OnnxAttribute>>
}): Message {
  const message = new Message()
  for (const input of node.inputs) message.text(1, input)
  message.text(2, node.output).text(3, node.name).text(4, node.type)
  for (const [name, value] of Object.entries(node.attributes)) message.message(5, attributeProto(name, value))
  return message
}

function attributeProto(name: string, attribute: OnnxAttribute): Message {
  const message = new Message().text(1, name)
  if ('float' in attribute) return message.float(2, attribute.float).integer(20, attributeTypes.float)
  if ('int' in attribute) return message.integer(3, attribute.int).integer(20, attributeTypes.int)
  if ('text' in attribute) return message.text(4, attribute.text).integer(20, attributeTypes.text)
  return message.integers(8, attribute.ints).integer(20, attributeTypes.ints)
}

/** A TensorProto of raw little-endian bytes. */
export function tensorProto(tensor: {
  readonly name: string
  readonly type: keyof typeof elementTypes
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}): Message {
  const message = new Message().integers(1, tensor.shape).integer(2, elementTypes[tensor.type])
  return message.text(8, tensor.name).bytes(9, tensor.bytes)
}

/** A ValueInfoProto of float32; a dimension that is free has a name in the place of a number. */
export function valueProto(name: string, shape: readonly (number | string)[]): Message {
  const dims = new Message()
  for (const dim of shape) {
    dims.message(1, typeof dim === 'string' ? new Message().text(2, dim) : new Message().integer(1, dim))
  }
  const tensorType = new Message().integer(1, elementTypes.float32).message(2, dims)
  return new Message().text(1, name).message(2, new Message().message(1, tensorType))
}
