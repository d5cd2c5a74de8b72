/**
 * A network as an ONNX file (onnx.ai): float32, every tensor inside. The form of each operation is its own (`onnx` in
 * `src/ops`); here they are strung together. What does not depend on the image is computed first.
 */
import { buildResNet } from '../architecture/build.ts'
import { answersOf, consistentModel } from '../checkpoint/consistent.ts'
import { narrow } from '../checkpoint/formats/dtypes.ts'
import type { Model } from '../checkpoint/model.ts'
import { modelMetadata } from '../checkpoint/model-file.ts'
import { ArgumentError, ExportError } from '../errors.ts'
import type { Graph, GraphValue, Node } from '../graph/graph.ts'
import { select } from '../graph/select.ts'
import type { OnnxContext, OnnxNode } from '../ops/onnx.ts'
import { bindBatch, elements, formatShape, type Shape } from '../ops/shape.ts'
import { shapesAtAnySize } from './any-size.ts'
import { Constants } from './constants.ts'
import { graphProto, modelProto, nodeProto, tensorProto, valueProto } from './onnx-messages.ts'
import { opsets } from './opsets.ts'
import type { Message } from './protobuf.ts'

/** Version of the file's format: that of the first readers of an opset. */
function irVersion(opset: number): number {
  return opset < 15 ? 7 : 8
}

/** Protocol Buffers hold no message of 2 GiB; a little is left for all but the tensors. */
const greatestSize = 2 ** 31 - 1

export interface OnnxOptions {
  /** The graph's name in the file. */
  readonly name?: string
  /** Texts that readers show beside the network: `metadata_props`. */
  readonly metadata?: ReadonlyMap<string, string>
  /** Version of the operators, 13 to 25: 17 where it is not given. */
  readonly opset?: number
  /** `dynamic` leaves height and width free; otherwise they are those the graph was built for. */
  readonly input?: 'dynamic'
  /** The one number of images that the network takes; any number where it is not given. */
  readonly batch?: number
}

/**
 * The bytes of an ONNX file. Inputs and outputs keep the graph's names, `image` [N, C, H, W] and `logits` [N, classes];
 * `tensors` are its parameters and buffers by name.
 *
 * @throws ExportError for an operation that has no ONNX form, a tensor that is missing, more than 2 GB, or a network that
 * does not work at every size where `input` is `dynamic`; ArgumentError for an opset or a batch that is none.
 */
export function toOnnx(
  graph: Graph,
  tensors: ReadonlyMap<string, Float32Array>,
  options: OnnxOptions = {},
): Uint8Array {
  const { name = 'network', metadata = new Map<string, string>(), opset = opsets.usual, batch } = options
  checkOptions(options)
  checkSize(graph, name)
  const sizes = options.input === 'dynamic' ? shapesAtAnySize(graph, name) : undefined
  const writer = new GraphWriter(graph, tensors, { batch, sizes })
  const written = writer.write(name)
  const message = modelProto({
    irVersion: irVersion(opset),
    opset,
    producer: 'resnet-ts',
    graph: written,
    metadata,
  })
  if (message.size > greatestSize) throw tooLarge(name, message.size)
  return message.finish()
}

/** What of a file is not the model's own. */
export type ModelOnnxOptions = Pick<OnnxOptions, 'opset' | 'input' | 'batch'>

/**
 * A model as an ONNX file, with its config, labels and preprocessing as JSON in the metadata. Without a classifier its only
 * output is `features`, what a classifier would read. Throws `ExportError`.
 */
export function onnxOfModel(given: Model, options: ModelOnnxOptions = {}): Uint8Array {
  const model = consistentModel(given)
  const { name, config, tensors } = model
  const whole = buildResNet(config)
  const graph = answersOf(model) === 'none' ? select(whole, ['features']) : whole
  return toOnnx(graph, tensors, { ...options, name, metadata: modelMetadata(model) })
}

function checkOptions({ opset, input, batch }: OnnxOptions): void {
  const { least, greatest } = opsets
  if (opset !== undefined && !isWhole(opset, least, greatest))
    throw new ArgumentError(`the opset must be a whole number from ${least} to ${greatest}, not ${opset}`)
  if (input !== undefined && input !== 'dynamic')
    throw new ArgumentError(`input must be "dynamic" or left out, not ${JSON.stringify(input)}`)
  if (batch !== undefined && !isWhole(batch, 1, 2 ** 31 - 1))
    throw new ArgumentError(`the batch must be a whole number from 1, not ${batch}`)
}

function isWhole(value: number, least: number, greatest: number): boolean {
  return Number.isInteger(value) && value >= least && value <= greatest
}

/** Refuses before any memory is taken. */
function checkSize(graph: Graph, name: string): void {
  let bytes = 0
  for (const { shape } of graph.states.values()) bytes += 4 * elements(bindBatch(shape, 1))
  if (bytes > greatestSize) throw tooLarge(name, bytes)
}

function tooLarge(name: string, bytes: number): ExportError {
  return new ExportError(
    `${name}: takes ${(bytes / 1e9).toFixed(1)} GB, but an ONNX file with its tensors inside holds at most 2.1; write .safetensors`,
  )
}

interface Free {
  /** The number of images, where it is fixed. */
  readonly batch: number | undefined
  /** Shapes at another size, where height and width are free. */
  readonly sizes: ReadonlyMap<GraphValue, Shape> | undefined
}

class GraphWriter {
  readonly #graph: Graph
  readonly #free: Free
  readonly #constants: Constants
  /** Names of tensors, no two alike. */
  readonly #names = new Map<GraphValue, string>()
  readonly #taken = new Set<string>()
  readonly #nodes: Message[] = []
  readonly #tensors: Message[] = []

  constructor(graph: Graph, tensors: ReadonlyMap<string, Float32Array>, free: Free) {
    this.#graph = graph
    this.#free = free
    this.#constants = new Constants(graph, (state) => stateValues(state, tensors))
  }

  write(name: string): Message {
    const { inputs, outputs, nodes } = this.#graph
    for (const input of inputs.values()) this.#claim(input, input.name)
    for (const [output, value] of outputs) {
      if (value.kind === 'node' && !this.#constants.has(value.node)) this.#claim(value, output)
    }
    for (const node of nodes) if (!this.#constants.has(node)) this.#writeNode(node)
    return graphProto({
      name,
      nodes: this.#nodes,
      tensors: this.#tensors,
      inputs: [...inputs.values()].map((input) => valueProto(input.name, this.#dimensions('', input))),
      outputs: [...outputs].map(([output, value]) => this.#writeOutput(output, value)),
    })
  }

  #writeNode(node: Node): void {
    const { name, operation, attributes, inputs, outputs } = node
    const [output, ...others] = outputs
    if (operation.onnx === undefined || output === undefined || others.length > 0) {
      throw new ExportError(
        `${name}: the operation ${operation.name} has no ONNX form; only networks in inference mode are exported`,
      )
    }
    const context: OnnxContext<object> = {
      attributes,
      inputs: inputs.map((input) => this.#nameOf(input)),
      inputShapes: inputs.map(({ shape }) => shape),
      outputShape: output.shape,
      anySize: this.#free.sizes !== undefined,
      emit: (step) => this.#emit(step, this.#fresh(`${name}/${step.type}`)),
      floats: (shape, values) =>
        this.#addFloats(this.#fresh(`${name}/value`), shape, Float32Array.from(values)),
      integers: (values) => this.#addIntegers(this.#fresh(`${name}/value`), values),
    }
    const last = operation.onnx(context)
    this.#emit(last, this.#names.get(output) ?? this.#claim(output, output.name), name)
  }

  /** Adds one ONNX node and answers the name of its output. */
  #emit({ type, inputs, attributes = {} }: OnnxNode, output: string, name = output): string {
    this.#nodes.push(nodeProto({ name, type, inputs, output, attributes }))
    return output
  }

  /** An output that is no node's, or another output too, is a copy of that value. */
  #writeOutput(output: string, value: GraphValue): Message {
    const source = this.#nameOf(value)
    if (source !== output) this.#emit({ type: 'Identity', inputs: [source] }, output)
    return valueProto(output, this.#dimensions(`${output}.`, value))
  }

  /** A name for each dimension that is free. */
  #dimensions(prefix: string, value: GraphValue): readonly (number | string)[] {
    const { batch = 'N', sizes } = this.#free
    const elsewhere = sizes?.get(value) ?? value.shape
    return value.shape.map((dim, axis) => {
      if (dim === 'N') return batch
      return dim === elsewhere[axis] ? dim : `${prefix}${axis === 2 ? 'height' : 'width'}`
    })
  }

  /** The tensor of a value; a state or constant is written when it is first read. */
  #nameOf(value: GraphValue): string {
    const known = this.#names.get(value)
    if (known !== undefined) return known
    const name = this.#claim(value, value.name)
    return this.#addFloats(name, bindBatch(value.shape, 1), this.#constants.values(value))
  }

  #claim(value: GraphValue, wanted: string): string {
    const name = this.#names.get(value) ?? this.#fresh(wanted)
    this.#names.set(value, name)
    return name
  }

  #fresh(wanted: string): string {
    let name = wanted
    for (let count = 1; this.#taken.has(name); count++) name = `${wanted}.${count}`
    this.#taken.add(name)
    return name
  }

  #addFloats(name: string, shape: readonly number[], values: Float32Array): string {
    this.#tensors.push(tensorProto({ name, type: 'float32', shape, bytes: narrow('F32', values) }))
    return name
  }

  #addIntegers(name: string, values: readonly number[]): string {
    const bytes = new DataView(new ArrayBuffer(8 * values.length))
    for (const [i, value] of values.entries()) bytes.setBigInt64(8 * i, BigInt(value), true)
    const raw = new Uint8Array(bytes.buffer)
    this.#tensors.push(tensorProto({ name, type: 'int64', shape: [values.length], bytes: raw }))
    return name
  }
}

function stateValues({ name, shape }: GraphValue, tensors: ReadonlyMap<string, Float32Array>): Float32Array {
  const values = tensors.get(name)
  const size = elements(bindBatch(shape, 1))
  if (values?.length === size) return values
  const found = values === undefined ? 'it is missing' : `it has ${values.length}`
  throw new ExportError(`${name} must have ${size} numbers of shape ${formatShape(shape)}, but ${found}`)
}
