/** A line through every element, y = factor · x + offset, of any shape. */
import { item, type Operation, outputGradient } from './operation.ts'

export const scale: Operation<{ readonly factor: number; readonly offset: number }> = {
  name: 'scale',
  shapes: (inputs) => [item(inputs, 0, 'scale')],
  gradient: (context) => [
    context.emit.one(scale, { factor: context.attributes.factor, offset: 0 }, [outputGradient(context)]),
  ],
  reference: (inputs, { factor, offset }) => [item(inputs, 0, 'scale').data.map((x) => factor * x + offset)],
}
