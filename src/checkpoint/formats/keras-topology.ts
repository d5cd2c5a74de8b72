/**
 * The layers of a Keras network from its configuration: Sequential and Functional models of Keras 1 to 3, models within
 * models laid flat. An inner model gives way to its layers: who reads the inner model reads its last layers, and its
 * input layers give way to what the inner model reads.
 */
import { CheckpointError } from '../../errors.ts'
import type { KerasLayer, KerasTopology } from '../checkpoint.ts'
import { jsonArray, jsonObject, jsonString } from './json.ts'
import { limits } from './limits.ts'
import { quote } from './names.ts'

const modelClasses: ReadonlySet<string> = new Set(['Model', 'Functional', 'Sequential'])
const deepestModel = 8
/** Layers that one layer reads: a dense network's last concatenation has under 100. */
const mostInputs = 500

/** A model's layers, with the names of those whose output is the model's. */
interface Flat {
  readonly layers: readonly KerasLayer[]
  readonly outputs: readonly string[]
}

/** Reads `{class_name, config}`. Throws `CheckpointError`. */
export function readTopology(value: unknown, where: string): KerasTopology {
  const model = jsonObject(value, where)
  const className = jsonString(model.get('class_name'), `${where}.class_name`)
  if (!modelClasses.has(className)) {
    throw new CheckpointError(
      `${where} is of the class ${quote(className)}; Functional and Sequential are read`,
    )
  }
  const { layers } = flatten(className, model.get('config'), undefined, where, 0)
  const names = new Set<string>()
  for (const { name } of layers) {
    if (names.has(name)) throw new CheckpointError(`${where} has two layers named ${quote(name)}`)
    names.add(name)
  }
  return { layers }
}

/** `outer` is what an inner model reads; undefined for the whole network. */
function flatten(
  className: string,
  config: unknown,
  outer: readonly string[] | undefined,
  where: string,
  depth: number,
): Flat {
  if (depth > deepestModel)
    throw new CheckpointError(`${where} holds models within models beyond ${deepestModel}`)
  const sequential = className === 'Sequential'
  // Sequential models of Keras 1 are a bare list of layers.
  const fields = Array.isArray(config) ? new Map([['layers', config]]) : jsonObject(config, `${where}.config`)
  const rows = jsonArray(fields.get('layers'), `${where}.config.layers`)
  if (rows.length > limits.tensors)
    throw new CheckpointError(`${where} has more than ${limits.tensors} layers`)
  const layers: KerasLayer[] = []
  /** What stands for a layer that gave way. */
  const standIns = new Map<string, readonly string[]>()
  const resolve = (names: readonly string[]) => replaceAll(names, standIns, where)
  let last: readonly string[] = outer ?? []
  for (const [i, row] of rows.entries()) {
    const at = `${where}.config.layers[${i}]`
    const layer = readLayer(row, at)
    const inputs = resolve(sequential ? last : layer.inputs)
    if (outer !== undefined && layer.className === 'InputLayer') {
      standIns.set(layer.name, outer)
    } else if (modelClasses.has(layer.className)) {
      const inner = flatten(layer.className, layer.config, inputs, at, depth + 1)
      layers.push(...inner.layers)
      standIns.set(layer.name, inner.outputs)
    } else {
      layers.push({ ...layer, inputs })
    }
    if (sequential) last = resolve([layer.name])
  }
  const declared = references(fields.get('output_layers'))
  return { layers, outputs: declared.length > 0 ? resolve(declared) : resolve(last) }
}

function replaceAll(
  names: readonly string[],
  standIns: ReadonlyMap<string, readonly string[]>,
  where: string,
): readonly string[] {
  const replaced = new Set<string>()
  for (const name of names) {
    for (const standIn of standIns.get(name) ?? [name]) replaced.add(standIn)
    if (replaced.size > mostInputs)
      throw new CheckpointError(`${where} joins more than ${mostInputs} layers in one`)
  }
  return [...replaced]
}

function readLayer(value: unknown, where: string): KerasLayer {
  const layer = jsonObject(value, where)
  const className = jsonString(layer.get('class_name'), `${where}.class_name`)
  const config = layer.get('config') ?? {}
  const settings = Array.isArray(config)
    ? new Map<string, unknown>([['layers', config]])
    : jsonObject(config, `${where}.config`)
  const name = jsonString(layer.get('name') ?? settings.get('name'), `${where}.name`)
  return {
    name,
    className,
    config: Object.fromEntries(settings),
    inputs: references(layer.get('inbound_nodes')),
  }
}

/**
 * Names of layers in `inbound_nodes` or `output_layers`, wherever they nest: Keras 1 and 2 write `[name, node, tensor]`,
 * Keras 3 writes tensors with `keras_history: [name, node, tensor]`.
 */
function references(value: unknown): string[] {
  const names = new Set<string>()
  const visit = (item: unknown) => {
    if (Array.isArray(item)) {
      const [name, node, tensor]: unknown[] = item
      if (typeof name === 'string' && typeof node === 'number' && typeof tensor === 'number') names.add(name)
      else for (const part of item) visit(part)
    } else if (typeof item === 'object' && item !== null) {
      for (const part of Object.values(item)) visit(part)
    }
  }
  visit(value)
  return [...names]
}
