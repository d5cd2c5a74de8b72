/** What element-wise activations share: y = f(x), and dx = f'(x) · dy as one operation that reads x again. */
import type { OnnxContext, OnnxNode } from './onnx.ts'
import { item, type Operation, outputGradient } from './operation.ts'
import { checkGradientShape } from './shape.ts'

/** An element-wise function and its gradient as operations `name` (x) -> y and `nameGradient` (x, dy) -> dx. */
export function activation(
  name: string,
  rules: {
    readonly value: (x: number) => number
    /** dx from x and dy. */
    readonly gradient: (x: number, dy: number) => number
    readonly onnx: (context: OnnxContext<object>) => OnnxNode
  },
): { readonly forward: Operation<object>; readonly backward: Operation<object> } {
  const backward: Operation<object> = {
    name: `${name}Gradient`,
    shapes(inputs) {
      const [x, dy] = [item(inputs, 0, backward.name), item(inputs, 1, backward.name)]
      checkGradientShape(dy, x, backward.name)
      return [x]
    },
    reference(inputs) {
      const [x, dy] = [item(inputs, 0, backward.name), item(inputs, 1, backward.name)]
      return [x.data.map((value, i) => rules.gradient(value, dy.data[i] ?? 0))]
    },
  }
  const forward: Operation<object> = {
    name,
    shapes: (inputs) => [item(inputs, 0, name)],
    gradient: (context) => [
      context.emit.one(backward, {}, [item(context.inputs, 0, name), outputGradient(context)]),
    ],
    onnx: rules.onnx,
    reference: (inputs) => [item(inputs, 0, name).data.map(rules.value)],
  }
  return { forward, backward }
}
