/**
 * The head of a network, found by its shapes: the linear layers behind the features, whatever they are called and wherever
 * they lie. Dropout has no tensors; batch normalisations are folded; what makes no classes (projections of self-supervised
 * training, losses, heads of segmentation and detection) is left aside.
 */
import type { ResNetConfig } from '../../architecture/config.ts'
import { epsilon, type FoldedLayer, linearSizes, normalisedSize } from './head-layers.ts'
import type { Layer } from './named-tensor.ts'
import type { Stored } from './trunks.ts'

type HeadConfig = ResNetConfig['head']

/** A head that was found. */
export interface FoundHead {
  readonly classes: number
  /** Linear layers in order; the last is the classifier. */
  readonly layers: readonly FoldedLayer[]
  readonly hidden: HeadConfig['hidden']
  readonly pool: HeadConfig['pool']
  readonly classifier: HeadConfig['classifier']
  /** What a person should know of it. */
  readonly notes: readonly string[]
}

export interface HeadSearch {
  /** Layers beside the trunk in the file's order. */
  readonly layers: readonly Layer[]
  /** Channels that the trunk gives. */
  readonly width: number
  /** What the naming scheme calls the classifier, prefix and all. */
  readonly usual: ReadonlySet<string>
  /** All tensors of the file: those of self-supervised training tell what a head is for. */
  readonly stored: Stored
  /** The trunk's prefix. */
  readonly prefix: string
}

export type HeadAnswer = FoundHead | { readonly none: string }

/** Parts of names of what is no classifier. */
const otherUses =
  /(^|[._/])(proj(ect\w*|_?head)?|predictor|prototypes?|criterion|loss\w*|arc(face|margin)?\w*|cosface|margin\w*|metric\w*|aux\w*|rot(ation)?_?\w*|contrast\w*|last_layer|momentum\w*|target\w*|decode_head|seg\w*|bbox\w*|rpn\w*|roi\w*|fpn|neck|discriminator|decoder)([._/]|$)/

/** What self-supervised training keeps beside a network. */
const selfSupervised =
  /(^|[._])(queue|queue_ptr|prototypes|predictor|projector|projection_head|encoder_k|momentum_encoder|base_encoder|last_layer|teacher)([._]|$)/

const classifiers =
  /(^|[._/])(fc\d*|classifier|classif\w*|head|output|out|linear\d*|logits|last_linear|cls\w*|pred\w*|dense\w*|new_fc)([._/]|$)/

export function findHead(search: HeadSearch): HeadAnswer {
  const { layers, width, usual, prefix } = search
  const onMaps = new Set(
    layers.filter(({ weight }) => isOnMaps(weight?.shape)).map(({ name }) => rootOf(name, prefix)),
  )
  const mayClassify = ({ name }: Layer) =>
    usual.has(name) || (!otherUses.test(name) && !onMaps.has(rootOf(name, prefix)))
  const chains = chainsOf(layers.filter(mayClassify), width)
  if (chains.length === 0) return { none: readsOther(search) ?? 'no linear layer reads its features' }
  const chain = chosen(chains, usual)
  if (chain === undefined) {
    const names = chains.map(({ linear }) => linear.at(-1)?.layer.name ?? '')
    return { none: `${names.slice(0, 4).join(', ')} could each be the classifier` }
  }
  return projects(chain, search) ?? headOf(chain, width)
}

/** A classifier by its name that reads something else: a map that is not averaged, or layers that are missing. */
function readsOther({ layers, width, usual }: HeadSearch): string | undefined {
  const named = layers.find(({ name, weight }) => usual.has(name) && weight !== undefined)
  const inputs = named?.weight?.shape[1]
  return named === undefined ? undefined : `${named.name} reads ${inputs} values, not its ${width} features`
}

/** Kernels wider than one cell, of more than a dimension: no part of a classifier. */
export function isOnMaps(shape: readonly number[] = []): boolean {
  return shape.length > 2 && shape.slice(2).some((size) => size > 1)
}

/** The part of a network that a layer belongs to: the first step in which its path leaves the trunk's. */
function rootOf(name: string, prefix: string): string {
  const steps = name.split(/[./]/)
  const own = prefix.split(/[./]/)
  const at = steps.findIndex((step, i) => step !== own[i])
  return steps.slice(0, at + 1).join('.')
}

interface Chain {
  readonly start: number
  readonly linear: readonly FoldedLayer[]
  /** Normalisations behind the last linear layer, or in front of the first. */
  readonly open: readonly Layer[]
  readonly size: number
  readonly last: string
  /** For each linear layer but the last, whether something without tensors may stand behind it. */
  readonly gaps: readonly boolean[]
}

/** Runs of layers of which each reads what the one before it gives, from the trunk's features on. */
function chainsOf(layers: readonly Layer[], width: number): readonly Chain[] {
  const chains: Chain[] = []
  for (const layer of layers) {
    const linear = linearSizes(layer)
    const size = linear?.inputs ?? normalisedSize(layer)
    if (size === undefined) continue
    const at = chains.findLastIndex((chain) => chain.size === size && follows(chain, layer, width))
    const before = chains[at] ?? begun(size, width)
    if (before === undefined) continue
    const after =
      linear === undefined
        ? { ...before, open: [...before.open, layer], last: layer.name }
        : extended(before, layer, linear)
    if (at < 0) chains.push(after)
    else chains[at] = after
  }
  return chains.filter(({ linear }) => linear.length > 0)
}

/** The features themselves, or maxima and averages side by side. */
function begun(size: number, width: number): Chain | undefined {
  if (size !== width && size !== 2 * width) return undefined
  return { start: size, linear: [], open: [], size, last: '', gaps: [] }
}

/** A layer that could as well read the features goes on with a chain only of its own parent. */
function follows(chain: Chain, { name }: Layer, width: number): boolean {
  if (chain.linear.length === 0) return true
  return chain.size !== width || parentOf(chain.last) === parentOf(name)
}

function extended(
  chain: Chain,
  layer: Layer,
  { inputs, outputs }: { inputs: number; outputs: number },
): Chain {
  const last = chain.linear.at(-1)
  const [after, before] = last === undefined ? [[], chain.open] : split(last.layer.name, chain.open)
  const rest = last === undefined ? [] : [...chain.linear.slice(0, -1), { ...last, after }]
  const gap = last === undefined ? [] : [hasGap(last.layer.name, layer.name, chain.open.length)]
  return {
    ...chain,
    linear: [...rest, { layer, inputs, outputs, before, after: [] }],
    open: [],
    size: outputs,
    last: layer.name,
    gaps: [...chain.gaps, ...gap],
  }
}

/** Normalisations in front of the activation, which stand right behind the linear layer, and those behind it. */
function split(linear: string, norms: readonly Layer[]): readonly [readonly Layer[], readonly Layer[]] {
  const index = numberOf(linear)
  const after = norms.filter(({ name }, i) => {
    const own = numberOf(name)
    return (
      index === undefined || own === undefined || parentOf(name) !== parentOf(linear) || own === index + 1 + i
    )
  })
  return [after, norms.filter((norm) => !after.includes(norm))]
}

/** Whether a Sequential leaves room for an activation; layers with names of their own may have one. */
function hasGap(from: string, to: string, between: number): boolean {
  const [first, second] = [numberOf(from), numberOf(to)]
  if (first === undefined || second === undefined || parentOf(from) !== parentOf(to)) return true
  return second - first - 1 > between
}

function parentOf(name: string): string {
  return name.replace(/[./]?[^./]*$/, '')
}

function numberOf(name: string): number | undefined {
  const [, digits] = /(?:^|[./])(\d{1,4})$/.exec(name) ?? []
  return digits === undefined ? undefined : Number(digits)
}

/** The one chain, or the one whose names are those of a classifier. */
function chosen(chains: readonly Chain[], usual: ReadonlySet<string>): Chain | undefined {
  const named = (test: (name: string) => boolean) =>
    chains.filter(({ linear }) => linear.some(({ layer }) => test(layer.name)))
  for (const some of [named((name) => usual.has(name)), named((name) => classifiers.test(name)), chains]) {
    if (some.length === 1) return some[0]
    if (some.length > 1) return undefined
  }
  return undefined
}

/** Self-supervised training ends in a projection: several layers, or one whose outputs a queue keeps. */
function projects(
  { linear, size }: Chain,
  { stored, width }: HeadSearch,
): { readonly none: string } | undefined {
  const mark = [...stored.keys()].find((name) => selfSupervised.test(name))
  const shown = linear.map(({ layer }) => layer.name).join(', ')
  const [first] = linear
  const queued = [...stored].some(([name, { shape }]) => /(^|\.)queue$/.test(name) && shape[0] === size)
  if (mark !== undefined && (linear.length > 1 || queued))
    return { none: `${shown} is a projection of self-supervised training (${mark} stands beside it)` }
  const square = linear.length > 1 && first?.outputs === width
  if (square && size >= 64 && Number.isInteger(Math.log2(size)))
    return {
      none: `${shown} looks like a projection of self-supervised training (${width} to ${width} to ${size})`,
    }
  return undefined
}

function headOf({ start, linear, open, gaps, size }: Chain, width: number): FoundHead {
  const layers = linear.map((folded, i) => (i === linear.length - 1 ? { ...folded, after: open } : folded))
  const hidden = linear.slice(0, -1).map(({ outputs }, i) => ({
    width: outputs,
    activation: gaps[i] === true ? ('relu' as const) : ('none' as const),
  }))
  const norms = layers.reduce((sum, { before, after }) => sum + before.length + after.length, 0)
  const notes = [
    ...(hidden.length === 0
      ? []
      : [
          `the head has ${layers.length} linear layers (${layers.map(({ layer }) => layer.name).join(', ')})`,
        ]),
    ...(norms === 0
      ? []
      : [
          `${norms} of the head's normalisations are folded into its linear layers, with the usual epsilon ${epsilon}, which the file does not say`,
        ]),
  ]
  const [only] = layers
  return {
    classes: size,
    layers,
    hidden,
    pool: start === width ? { kind: 'global' } : { kind: 'average-and-maximum', order: 'maximum-first' },
    classifier: hidden.length === 0 && only?.layer.weight?.shape.length === 4 ? 'convolution' : 'linear',
    notes,
  }
}
