/** Settings of Keras layers, checked: what a configuration from outside says about strides, paddings, epsilons. */
import type { KerasLayer, KerasTopology } from '../checkpoint.ts'

/** A setting that is one number or two equal ones (`strides: [2, 2]`); undefined where it is neither. */
export function sizeSetting(layer: KerasLayer, key: string): number | undefined {
  const value = layer.config[key]
  if (typeof value === 'number') return value
  if (!Array.isArray(value) || value.length !== 2 || value[0] !== value[1]) return undefined
  return typeof value[0] === 'number' ? value[0] : undefined
}

export function numberSetting(layer: KerasLayer, key: string): number | undefined {
  const value = layer.config[key]
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

export function textSetting(layer: KerasLayer, key: string): string | undefined {
  const value = layer.config[key]
  return typeof value === 'string' ? value : undefined
}

/** The margins of a `ZeroPadding2D`, before and after, where both axes have the same. */
export function marginsOf(layer: KerasLayer): readonly [number, number] | undefined {
  const value = layer.config.padding
  if (typeof value === 'number') return [value, value]
  if (!Array.isArray(value) || value.length !== 2) return undefined
  const [rows, columns] = value.map((axis: unknown) => (Array.isArray(axis) ? axis : [axis, axis]))
  const [before, after] = rows ?? []
  const alike = before === columns?.[0] && after === columns?.[1]
  return alike && typeof before === 'number' && typeof after === 'number' ? [before, after] : undefined
}

/** Height and width that the network was built for, where it names them. */
export function inputSizeOf(topology: KerasTopology): readonly [number, number] | undefined {
  for (const { config } of topology.layers) {
    const shape = config.batch_input_shape ?? config.batch_shape
    if (!Array.isArray(shape) || shape.length !== 4) continue
    const [, height, width]: readonly unknown[] = shape
    if (typeof height === 'number' && typeof width === 'number') return [height, width]
  }
  return undefined
}

/** The padding that acts on a layer's window, before and after: its own or that of a `ZeroPadding2D` in front of it. */
export type WindowPadding = 'same' | readonly [number, number]

export function windowPadding(topology: KerasTopology, layer: KerasLayer): WindowPadding | undefined {
  if (textSetting(layer, 'padding') === 'same') return 'same'
  const [before = ''] = layer.inputs
  const found = topology.layers.find(({ name }) => name === before)
  return found?.className === 'ZeroPadding2D' ? marginsOf(found) : [0, 0]
}
