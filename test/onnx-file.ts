/** Reads back what an ONNX file says: a small reader of Protocol Buffers, written apart from the one that writes. */

interface Field {
  readonly number: number
  readonly value: number | Uint8Array
}

export interface OnnxTensor {
  readonly name: string
  readonly type: number
  readonly dims: readonly number[]
  readonly raw: Uint8Array
}

export interface OnnxFile {
  readonly irVersion: number
  readonly opset: number
  readonly metadata: ReadonlyMap<string, string>
  readonly name: string
  readonly nodes: readonly {
    readonly type: string
    readonly inputs: readonly string[]
    readonly outputs: readonly string[]
  }[]
  readonly tensors: readonly OnnxTensor[]
  /** Names and dimensions of inputs and outputs; a dimension with a name in the place of a number is that name. */
  readonly inputs: readonly (readonly [string, readonly (number | string)[]])[]
  readonly outputs: readonly (readonly [string, readonly (number | string)[]])[]
}

/** The parts of an ONNX file that the tests look at; field numbers are onnx.proto's. */
export function readOnnx(bytes: Uint8Array): OnnxFile {
  const model = fields(bytes)
  const graph = fields(only(model, 7))
  return {
    irVersion: number(model, 1),
    opset: number(fields(only(model, 8)), 2),
    metadata: new Map(messages(model, 14).map((entry) => [text(entry, 1), text(entry, 2)])),
    name: text(graph, 2),
    nodes: messages(graph, 1).map((node) => ({
      type: text(node, 4),
      inputs: all(node, 1).map(decode),
      outputs: all(node, 2).map(decode),
    })),
    tensors: messages(graph, 5).map((tensor) => ({
      name: text(tensor, 8),
      type: number(tensor, 2),
      dims: all(tensor, 1).flatMap(varints),
      raw: only(tensor, 9),
    })),
    inputs: messages(graph, 11).map(valueInfo),
    outputs: messages(graph, 12).map(valueInfo),
  }
}

function valueInfo(value: readonly Field[]): readonly [string, readonly (number | string)[]] {
  const tensorType = fields(only(fields(only(value, 2)), 1))
  const dims = messages(fields(only(tensorType, 2)), 1).map((dim) =>
    dim.some((field) => field.number === 2) ? text(dim, 2) : number(dim, 1),
  )
  return [text(value, 1), dims]
}

function fields(bytes: Uint8Array): readonly Field[] {
  const found: Field[] = []
  for (let at = 0; at < bytes.length; ) {
    const [tag, start] = varint(bytes, at)
    const [value, end] = fieldValue(bytes, start, tag % 8)
    found.push({ number: Math.floor(tag / 8), value })
    at = end
  }
  return found
}

function fieldValue(bytes: Uint8Array, start: number, type: number): readonly [number | Uint8Array, number] {
  if (type === 0) return varint(bytes, start)
  if (type === 5) return [bytes.subarray(start, start + 4), start + 4]
  if (type !== 2) throw new Error(`wire type ${type} at ${start}`)
  const [length, from] = varint(bytes, start)
  if (from + length > bytes.length) throw new Error(`a field at ${start} ends after the file`)
  return [bytes.subarray(from, from + length), from + length]
}

function varint(bytes: Uint8Array, start: number): readonly [number, number] {
  let value = 0
  for (let at = start; at < start + 10; at++) {
    const byte = bytes[at] ?? Number.NaN
    value += (byte % 128) * 128 ** (at - start)
    if (byte < 128) return [value, at + 1]
  }
  throw new Error(`no varint at ${start}`)
}

function varints(bytes: Uint8Array): readonly number[] {
  const found: number[] = []
  for (let at = 0; at < bytes.length; ) {
    const [value, end] = varint(bytes, at)
    found.push(value)
    at = end
  }
  return found
}

function all(message: readonly Field[], field: number): readonly Uint8Array[] {
  return message.flatMap(({ number, value }) =>
    number === field && value instanceof Uint8Array ? [value] : [],
  )
}

function only(message: readonly Field[], field: number): Uint8Array {
  const [found, ...others] = all(message, field)
  if (found === undefined || others.length > 0)
    throw new Error(`field ${field} is there ${others.length} times more`)
  return found
}

function messages(message: readonly Field[], field: number): readonly (readonly Field[])[] {
  return all(message, field).map(fields)
}

function text(message: readonly Field[], field: number): string {
  return decode(only(message, field))
}

function number(message: readonly Field[], field: number): number {
  const found = message.find((entry) => entry.number === field)?.value
  if (typeof found !== 'number') throw new Error(`field ${field} is no number`)
  return found
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
}
