/**
 * How an operation says its ONNX form (opset 13 and later, github.com/onnx/onnx/blob/main/docs/Operators.md): through the small
 * interface below, which the export implements, so that no operation knows how the file is written.
 */
import { item } from './operation.ts'
import type { Shape } from './shape.ts'
import type { Padding, Window } from './window.ts'

/** An attribute with its type, since a number alone does not say whether ONNX wants it whole. */
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly float: number }
  | { readonly text: string }

/** One ONNX node; inputs are names of tensors. */
export interface OnnxNode {
  readonly type: string
  readonly inputs: readonly string[]
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>
}

/** What a rule is given; it answers the node that computes the operation's only output. */
export interface OnnxContext<A extends object> {
  readonly attributes: A
  /** Names of the input tensors. */
  readonly inputs: readonly string[]
  readonly inputShapes: readonly Shape[]
  readonly outputShape: Shape
  /** Whether images may be of any height and width: no form may hold the size of a map. */
  readonly anySize: boolean
  /** Adds a node before the last one and answers the name of its output. */
  emit(node: OnnxNode): string
  /** Adds float32 numbers of this shape, `[]` for a single one, and answers their name. */
  floats(shape: readonly number[], values: readonly number[]): string
  /** Adds a list of 64-bit whole numbers and answers its name. */
  integers(values: readonly number[]): string
}

/** The first input's name. */
export function onnxInput({ inputs }: OnnxContext<object>): string {
  return item(inputs, 0, 'an ONNX node')
}

/** ONNX's order: beginnings of all axes, then ends. */
export function onnxPads({ top, left, bottom, right }: Padding): OnnxAttribute {
  return { ints: [top, left, bottom, right] }
}

/** The attributes of a window that slides over a map; the padding as a rule where maps may be of any size. */
export function onnxWindow(
  { kernel, stride, padding, follows }: Omit<Window, 'dilation'>,
  { anySize }: Pick<OnnxContext<object>, 'anySize'>,
): Readonly<Record<string, OnnxAttribute>> {
  const window = { kernel_shape: { ints: kernel }, strides: { ints: stride } }
  if (anySize && follows === 'same') return { ...window, auto_pad: { text: 'SAME_UPPER' } }
  if (anySize && follows === 'ceil') return { ...window, ceil_mode: { int: 1 } }
  return { ...window, pads: onnxPads(padding) }
}

/** A convolution of each channel by itself with the same kernel of weights, from the map `x`. */
export function onnxDepthwise(
  { floats }: Pick<OnnxContext<object>, 'floats'>,
  x: string,
  {
    channels,
    weights,
    ...window
  }: Omit<Window, 'dilation'> & { readonly channels: number; readonly weights: readonly number[] },
): OnnxNode {
  const filters = Array.from({ length: channels }, () => weights).flat()
  const weight = floats([channels, 1, ...window.kernel], filters)
  const attributes = { ...onnxWindow(window, { anySize: false }), group: { int: channels } }
  return { type: 'Conv', inputs: [x, weight], attributes }
}

/** A shape as Reshape wants it: -1 stands for the batch. */
export function onnxShape(shape: Shape): readonly number[] {
  return shape.map((dim) => (dim === 'N' ? -1 : dim))
}
