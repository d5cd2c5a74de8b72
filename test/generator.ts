/**
 * Fills tensors from their names, so that fixtures need hold no weights: scripts/fixtures/generator.py computes the
 * same numbers bit for bit. Element i of a tensor is FNV-1a of the tensor's name mixed with i by MurmurHash3's 32-bit
 * finaliser; what the tensor is filled with is told by its name and rank.
 */
import type { TensorMap } from '../src/engines/engine.ts'
import type { Graph } from '../src/graph/graph.ts'
import { bindBatch } from '../src/ops/shape.ts'

/** Every parameter and buffer of a graph. */
export function generateStates(graph: Pick<Graph, 'states'>, gain = 1): TensorMap {
  return new Map(
    [...graph.states.values()].map(({ name, shape }) => [name, generate(name, bindBatch(shape, 1), gain)]),
  )
}

/** The pictures of a fixture, [N, C, H, W]. */
export function generateInput(shape: readonly number[]): Float32Array {
  return generate('input', shape)
}

/**
 * The tensor of this name and shape, row-major; `gain` belongs to the fixture.
 *
 * | name and rank | value of each element, u in [0, 1) |
 * | --- | --- |
 * | `input`, `image/*` | 2u - 1 |
 * | `*.running_var` | 0.5 + u |
 * | `*.running_mean` | 0.2 (u - 0.5) |
 * | rank < 2, `*.weight`: the scale of a normalisation | 0.5 + u |
 * | rank < 2: a bias or a shift | 0.2 (u - 0.5) |
 * | otherwise | gain (2u - 1) sqrt(3 / fan-in) |
 */
export function generate(name: string, shape: readonly number[], gain = 1): Float32Array {
  const values = new Float32Array(product(shape))
  const { shift, factor } = filling(name, shape, gain)
  const hash = fnv1a(name)
  for (let i = 0; i < values.length; i++) values[i] = (numberAt(hash, i) + shift) * factor
  return values
}

/** The images [N, C, H, W] and labels of a step: to each image's noise the pattern of its class is added. */
export function labelled(
  step: number,
  shape: readonly number[],
  classes: number,
): { readonly images: Float32Array; readonly labels: readonly number[] } {
  const [batch = 0, ...size] = shape
  const number = uniform('labels')
  const labels = Array.from({ length: batch }, (_, i) => Math.floor(classes * number(step * batch + i)))
  const images = new Float32Array(product(shape))
  for (const [i, label] of labels.entries()) {
    const pattern = generate(`image/class-${label}`, size)
    const noise = generate(`image/${step * batch + i}`, size)
    images.set(
      noise.map((value, k) => value + (pattern[k] ?? 0)),
      i * noise.length,
    )
  }
  return { images, labels }
}

/** Numbers in [0, 1) by index. */
export function uniform(name: string): (index: number) => number {
  const hash = fnv1a(name)
  return (index) => numberAt(hash, index)
}

function numberAt(hash: number, index: number): number {
  return mix(hash ^ mix(index + 0x9e3779b9)) / 2 ** 32
}

/** Each value of the table as (u + shift) factor, which rounds as it does in Python: halves and doubles are exact. */
function filling(
  name: string,
  shape: readonly number[],
  gain: number,
): { readonly shift: number; readonly factor: number } {
  if (name === 'input' || name.startsWith('image/')) return { shift: -0.5, factor: 2 }
  if (name.endsWith('running_var')) return { shift: 0.5, factor: 1 }
  const isScale = shape.length < 2 && name.endsWith('.weight')
  if (isScale) return { shift: 0.5, factor: 1 }
  if (shape.length < 2 || name.endsWith('running_mean')) return { shift: -0.5, factor: 0.2 }
  return { shift: -0.5, factor: 2 * (gain * Math.sqrt(3 / product(shape.slice(1)))) }
}

function product(shape: readonly number[]): number {
  return shape.reduce((total, size) => total * size, 1)
}

/** FNV-1a, 32 bit, over UTF-8. */
function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash
}

/** MurmurHash3's 32-bit finaliser; answers from 0 to 2^32 - 1. */
function mix(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
