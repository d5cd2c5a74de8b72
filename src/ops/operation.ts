/**
 * What an operation is: one value of this interface, in one file, with its shape rule, cost rule, gradient rule and
 * reference arithmetic side by side. Gradient rules add nodes through `Emit`, which the graph implements, so that the
 * backward pass is a graph like any other and engines know no gradients.
 */
import { ShapeError } from '../errors.ts'
import type { OnnxContext, OnnxNode } from './onnx.ts'
import type { BoundShape, Shape } from './shape.ts'

/** A value as the rules see it: something of a shape. */
export interface Value {
  readonly shape: Shape
}

/** Adds nodes to the graph under construction. */
export interface Emit<V extends Value> {
  /** Adds a node and answers its only output. */
  one<A extends object>(operation: Operation<A>, attributes: A, inputs: readonly V[]): V
  /** Adds a node and answers all its outputs. */
  all<A extends object>(operation: Operation<A>, attributes: A, inputs: readonly V[]): readonly V[]
}

/** What a gradient rule is given. */
export interface GradientContext<V extends Value, A extends object> {
  readonly emit: Emit<V>
  readonly attributes: A
  readonly inputs: readonly V[]
  readonly outputs: readonly V[]
  /** The loss's gradient with respect to each output; undefined where the loss does not depend on it. */
  readonly outputGradients: readonly (V | undefined)[]
  /** Whether the gradient with respect to this input is asked for; a rule emits nothing for the others. */
  wants(input: number): boolean
}

/** Row-major values in double precision, the currency of the reference arithmetic. */
export interface Array64 {
  readonly shape: BoundShape
  readonly data: Float64Array
}

/** An operation with attributes of type `A` (JSON values: numbers, strings, arrays of them). */
export interface Operation<A extends object = object> {
  readonly name: string
  /** Shapes of the outputs; throws `ShapeError` for inputs that the operation cannot take. */
  shapes(inputs: readonly Shape[], attributes: A): readonly Shape[]
  /** Multiply-adds for one image; absent where the field counts none (all but convolutions and linear layers). */
  macs?(inputs: readonly Shape[], outputs: readonly Shape[], attributes: A): number
  /**
   * Gradients with respect to the inputs, undefined where none is asked for or none exists. Absent for operations that
   * are themselves gradients and are not differentiated again.
   */
  gradient?<V extends Value>(context: GradientContext<V, A>): readonly (V | undefined)[]
  /** The ONNX node of the only output; absent for operations that no exported network has (gradients, masks, losses). */
  onnx?(context: OnnxContext<A>): OnnxNode
  /** The arithmetic in plain loops over doubles: slow, obviously right, what every engine is tested against. */
  reference(
    inputs: readonly Array64[],
    attributes: A,
    outputs: readonly BoundShape[],
  ): readonly Float64Array[]
}

/** An item that a rule knows to be there; throws `ShapeError` when a node was given too few. */
export function item<T>(list: readonly T[], index: number, what: string): T {
  const found = list[index]
  if (found === undefined)
    throw new ShapeError(`${what} needs an input ${index}, but was given ${list.length}`)
  return found
}

/** The gradient of an operation's only (or `index`-th) output, for rules that are called only when there is one. */
export function outputGradient<V extends Value>(context: GradientContext<V, object>, index = 0): V {
  const gradient = context.outputGradients[index]
  if (gradient === undefined)
    throw new ShapeError(`a gradient rule was called without the gradient of output ${index}`)
  return gradient
}
