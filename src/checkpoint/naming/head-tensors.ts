/** The head's tensors under our names: where it was found, how wide the trunk is, what its layers are called. */
import { headLayers } from '../../architecture/names.ts'
import { type FoundHead, findHead } from './head.ts'
import { type FoldedLayer, isFolded, readFolded } from './head-layers.ts'
import { type Layer, layersOf, type NamedTensor, tensorsOf } from './named-tensor.ts'
import type { Stored, Trunk } from './trunks.ts'

export interface HeadParts {
  readonly found?: FoundHead
  readonly tensors: ReadonlyMap<string, NamedTensor>
  /** Names of the file's tensors that it is made of. */
  readonly used: ReadonlySet<string>
  readonly notes: readonly string[]
}

export interface HeadPlace {
  readonly stored: Stored
  readonly trunk: Trunk
  /** Other networks in the file: what lies under their prefixes is theirs. */
  readonly others: readonly Trunk[]
  /** The trunk's tensors. */
  readonly tensors: ReadonlyMap<string, NamedTensor>
  /** Layers that the scheme calls the classifier, as the file names them. */
  readonly usual: ReadonlySet<string>
  /** Names of tensors beside the trunk. */
  readonly beside: readonly string[]
}

/** Finds the head beside a trunk and puts its tensors under our names. */
export function nameHead({ stored, trunk, others, tensors, usual, beside }: HeadPlace): HeadParts {
  const { scheme, prefix } = trunk
  const elsewhere = others.map((trunk) => trunk.prefix).filter((other) => !prefix.startsWith(other))
  const own = beside.filter((name) => !elsewhere.some((other) => name.startsWith(other)))
  const layers = layersOf(stored, scheme, own)
  const width = widthOf(tensors)
  const answer = findHead({ layers, width, usual, stored, prefix })
  if ('none' in answer)
    return {
      tensors: new Map(),
      used: new Set(),
      notes: layers.length === 0 ? [] : [`no classifier: ${answer.none}`],
    }
  const names = headLayers(classifierName(tensors), answer.hidden.length)
  const made = answer.layers.flatMap((folded, i) => {
    const name = names[i] ?? 'fc'
    const whole = isFolded(folded) || answer.hidden.length > 0
    return whole ? foldedTensors(name, folded) : plainTensors(name, folded.layer)
  })
  const parts = answer.layers.flatMap(({ layer, before, after }) => [layer, ...before, ...after])
  const from = new Set(parts.flatMap((layer) => tensorsOf(layer)).map((tensor) => tensor.from))
  return {
    found: answer,
    tensors: new Map(made.map((tensor) => [tensor.name, tensor])),
    used: new Set(own.filter((name) => from.has(stored.get(name)?.name ?? ''))),
    notes: answer.notes,
  }
}

function plainTensors(name: string, { weight, bias }: Layer): readonly NamedTensor[] {
  return [
    ...(weight === undefined ? [] : [{ ...weight, name: `${name}.weight` }]),
    ...(bias === undefined ? [] : [{ ...bias, name: `${name}.bias` }]),
  ]
}

function foldedTensors(name: string, folded: FoldedLayer): readonly NamedTensor[] {
  const { inputs, outputs, layer } = folded
  const from = layer.weight?.from ?? layer.name
  return [
    {
      name: `${name}.weight`,
      from,
      shape: [outputs, inputs],
      read: async () => (await readFolded(folded)).weight,
    },
    { name: `${name}.bias`, from, shape: [outputs], read: async () => (await readFolded(folded)).bias },
  ]
}

/** What the one classifier of a network of these names is called. */
function classifierName(tensors: ReadonlyMap<string, NamedTensor>): string {
  const names = [...tensors.keys()]
  if (names.some((name) => name.startsWith('stages.'))) return 'head.fc'
  if (names.some((name) => name.startsWith('features.denseblock'))) return 'classifier'
  return names.some((name) => name.startsWith('features.')) ? 'classifier.1' : 'fc'
}

/** Channels that the trunk gives: of its last normalisation where it has one, else of its last convolution. */
function widthOf(tensors: ReadonlyMap<string, NamedTensor>): number {
  const last =
    tensors.get('norm.weight') ?? tensors.get('features.norm5.weight') ?? tensors.get('head.conv.weight')
  if (last !== undefined) return last.shape[0] ?? 0
  let width = 0
  let latest: readonly number[] = []
  for (const { name, shape } of tensors.values()) {
    const path =
      /^(?:layer|stages\.|features\.)(\d+)\.(?:blocks\.)?(\d+)(?:\.conv(\d)(?:\.conv)?)?\.weight$/.exec(name)
    if (path === null || shape.length !== 4) continue
    const place = path.slice(1).map((part) => Number(part ?? 0))
    if (isBehind(place, latest)) [latest, width] = [place, shape[0] ?? 0]
  }
  return width
}

function isBehind(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, i) => value !== b[i])
  return at >= 0 && (b[at] === undefined || (a[at] ?? 0) > (b[at] ?? 0))
}
