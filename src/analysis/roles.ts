/**
 * What a layer is for, whatever it is called: its place in the network, what it is, and which of those it is. Layers of two
 * networks are compared by their roles, since Torch's `layer2.0.conv1` is timm's `stages.1.blocks.0.conv1`.
 */
import type { LayerSummary } from './summary.ts'

/** Operations that stand for each other. */
const kinds: ReadonlyMap<string, string> = new Map([
  ['conv2d', 'convolution'],
  ['linear', 'linear'],
  ['batchNorm', 'normalisation'],
  ['groupNorm', 'normalisation'],
  ['relu', 'activation'],
  ['relu6', 'activation'],
  ['silu', 'activation'],
  ['maxPool', 'pool'],
  ['averagePool', 'pool'],
  ['blurPool', 'filter'],
])

/** A layer with its role. */
export interface Placed {
  readonly layer: LayerSummary
  /** Unique in its network. */
  readonly role: string
  /** The part of the role that layers of the same place in other blocks share, in words. */
  readonly what: string
}

/** The layers with their roles; `attention` are the names of those that belong to channel attention. */
export function placed(layers: readonly LayerSummary[], attention: ReadonlySet<string>): readonly Placed[] {
  const counts = new Map<string, number>()
  return layers.map((layer) => {
    const { section, block, path } = layer.part
    const kind = kinds.get(layer.op) ?? layer.op
    const own = attention.has(layer.name) ? 'attention' : (path ?? (block === undefined ? section : 'block'))
    const place = `${section}/${block ?? ''}/${own}/${kind}`
    const number = (counts.get(place) ?? 0) + 1
    counts.set(place, number)
    return { layer, role: `${place}/${number}`, what: wordsOf(own, kind, number) }
  })
}

const ordinals = ['first', 'second', 'third', 'fourth', 'fifth']

function wordsOf(own: string, kind: string, number: number): string {
  const ordinal = ordinals[number - 1] ?? `${number}th`
  if (own === 'shortcut') return kind === 'convolution' ? 'projection' : `shortcut's ${kind}`
  if (own === 'branch') return `${ordinal} ${kind}`
  if (own === 'attention') return `attention's ${ordinal} ${kind}`
  return `${own === 'block' ? "block's" : own} ${kind}${number > 1 ? ` ${number}` : ''}`
}
