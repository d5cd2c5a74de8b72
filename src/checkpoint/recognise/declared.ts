/**
 * What a `config.json` beside the weights says of the network: Hugging Face's of its own ResNet
 * (`transformers/models/resnet/configuration_resnet.py`), and timm's, which names a network. It goes before every guess;
 * where it contradicts the tensors, nobody knows which of the two is meant, and that is an error.
 */
import type { Changes } from '../../architecture/change.ts'
import { blockOf, type ResNetConfig } from '../../architecture/config.ts'
import { isVariantName, variantNamed } from '../../architecture/variants.ts'
import { CheckpointError } from '../../errors.ts'
import type { Checkpoint, PlainValue } from '../checkpoint.ts'
import { isMap, jsonBeside, type PlainMap } from '../plain.ts'

const file = 'config.json'

/** timm's: the network by its name. */
export interface NamedBeside {
  readonly arch: string
  readonly changes: Changes
  /** As many scores as the network has; undefined where it does not say. */
  readonly classes: number | undefined
  readonly notes: readonly string[]
}

/** Hugging Face's: the fields of the config, and what it says of the shapes. */
export interface DeclaredBeside {
  readonly settings: PlainMap
}

/** The settings of a ResNet of Hugging Face's beside a checkpoint. */
export async function declaredBeside(checkpoint: Checkpoint): Promise<DeclaredBeside | undefined> {
  const settings = await jsonBeside(checkpoint, file)
  return isMap(settings) && settings.get('model_type') === 'resnet' ? { settings } : undefined
}

/** What of timm's `model_args` changes no network that is read here, since the tensors tell it. */
const toldByTensors = new Set([
  'in_chans',
  'num_classes',
  'img_size',
  'global_pool',
  'drop_rate',
  'drop_path_rate',
])

/** The network that timm's settings name; undefined where there are none, or it is none of ours, which is said. */
export async function namedBeside(
  checkpoint: Checkpoint,
): Promise<NamedBeside | { readonly notes: readonly string[] }> {
  const settings = await jsonBeside(checkpoint, file)
  const arch = isMap(settings) ? settings.get('architecture') : undefined
  if (!isMap(settings) || typeof arch !== 'string') return { notes: [] }
  if (!isVariantName(arch)) {
    const quoted = JSON.stringify(arch.slice(0, 60))
    return {
      notes: [
        `${file} beside it names the network ${quoted}, which is none that is known here: not followed`,
      ],
    }
  }
  const given = settings.get('model_args')
  const extra = isMap(given) ? given : new Map<string, PlainValue>()
  const stride = extra.get('output_stride')
  const others = [...extra.keys()].filter((key) => key !== 'output_stride' && !toldByTensors.has(key))
  const classes = settings.get('num_classes')
  return {
    arch,
    changes: stride === 8 || stride === 16 ? { outputStride: stride } : {},
    classes: typeof classes === 'number' ? classes : undefined,
    notes: [
      `${file} beside it names the network ${arch}, which is taken, as --arch would; --arch goes before it`,
      ...(others.length === 0
        ? []
        : [`model_args in ${file} beside it is not followed in ${others.join(', ')}`]),
    ],
  }
}

/** Throws `CheckpointError` where a config names another number of classes than the classifier has. */
export function refuseOtherClasses(name: string, said: number | undefined, found: number | undefined): void {
  if (said === undefined || found === undefined || said === found) return
  throw new CheckpointError(
    `${name}: its classifier has ${found} classes, but ${file} beside it says num_classes ${said}; one of the two belongs to another network: name the network with --arch, or put the right ${file} beside it`,
  )
}

/** What Hugging Face's code leaves no choice of. */
const fixed = [
  'stem.pool',
  'antialias',
  'outputStride',
  'normalisation.epsilon',
  'block.order',
  'convolution.padding',
  'shortcut.combine',
]

export interface Declared {
  readonly changes: Changes
  /** Fields that are no question any more. */
  readonly settles: readonly string[]
  readonly evidence: readonly string[]
}

/** Reads the fields for a network of this structure. Throws `CheckpointError` for what contradicts it, or is not built here. */
export function readDeclared(
  name: string,
  { settings }: DeclaredBeside,
  { config, said }: { readonly config: ResNetConfig; readonly said: Changes },
): Declared {
  refuseContradictions(name, settings, config)
  const activation = settings.get('hidden_act') ?? 'relu'
  if (activation !== 'relu' && !('activation' in said)) {
    throw new CheckpointError(
      `${name}: ${file} beside it says hidden_act ${String(activation)}: Hugging Face's ResNet then has it behind the stem and the blocks and ReLU inside them, which is not built here; --set activation=relu takes ReLU everywhere`,
    )
  }
  const first = settings.get('downsample_in_first_stage') === true
  const early = settings.get('downsample_in_bottleneck') === true
  const isBottleneck = config.block.kind === 'bottleneck'
  const strideAt = early ? 'conv1' : 'conv2'
  const changes = {
    'stages.0.stride': first ? 2 : 1,
    ...(isBottleneck ? { 'block.strideAt': strideAt } : {}),
  }
  const says = [
    `downsample_in_first_stage ${first}`,
    ...(isBottleneck ? [`downsample_in_bottleneck ${early} (the stride is in ${strideAt})`] : []),
    activation === 'relu'
      ? 'hidden_act relu'
      : `hidden_act ${String(activation)}, which the caller overrides`,
  ]
  return {
    changes,
    settles: [...fixed, 'activation', ...Object.keys(changes)],
    evidence: [`${file} beside it says: ${says.join(', ')}`],
  }
}

function refuseContradictions(name: string, settings: PlainMap, config: ResNetConfig): void {
  const [first] = contradictions(settings, config)
  if (first === undefined) return
  const { key, wanted, value } = first
  throw new CheckpointError(
    `${name}: ${file} beside it says ${key} ${wanted}, but the tensors show ${value}; one of the two belongs to another network: put the right ${file} beside it, or name the network with --arch`,
  )
}

/** What a network that the caller names has otherwise than `config.json` says, in a line. */
export async function overruledNotes(
  checkpoint: Checkpoint,
  network: { readonly name: string; readonly config: ResNetConfig },
): Promise<readonly string[]> {
  const settings = await jsonBeside(checkpoint, file)
  if (!isMap(settings)) return []
  const arch = settings.get('architecture')
  if (typeof arch === 'string') {
    const isSame = isVariantName(arch) && variantNamed(arch).name === network.name
    return isSame ? [] : [overruled(`the network ${JSON.stringify(arch.slice(0, 60))}`)]
  }
  if (settings.get('model_type') !== 'resnet') return []
  const { block, stages } = network.config
  const places: readonly (readonly [string, PlainValue])[] = [
    ['downsample_in_first_stage', stages[0]?.stride === 2],
    ...('strideAt' in block ? [['downsample_in_bottleneck', block.strideAt === 'conv1'] as const] : []),
  ]
  const others = [...contradictions(settings, network.config), ...differing(settings, places)].map(
    ({ key, wanted, value }) => `${key} ${wanted} (here ${value})`,
  )
  return others.length === 0 ? [] : [overruled(others.join(', '))]
}

function overruled(what: string): string {
  return `${file} beside it says ${what}; the network that is named goes before it`
}

interface Contradiction {
  readonly key: string
  /** As JSON: what the settings say, and what the network has. */
  readonly wanted: string
  readonly value: string
}

function differing(
  settings: PlainMap,
  found: readonly (readonly [string, PlainValue])[],
): readonly Contradiction[] {
  return found.flatMap(([key, value]) => {
    const wanted = settings.get(key)
    const pair = { key, wanted: JSON.stringify(wanted), value: JSON.stringify(value) }
    return wanted === undefined || pair.wanted === pair.value ? [] : [pair]
  })
}

function contradictions(settings: PlainMap, config: ResNetConfig): readonly Contradiction[] {
  const { stages, stem, block, inputChannels } = config
  const widths = stages.map((stage) => {
    const own = blockOf(config, stage)
    return stage.width * ('expansion' in own ? own.expansion : 1)
  })
  return differing(settings, [
    ['layer_type', block.kind],
    ['depths', stages.map(({ blocks }) => blocks)],
    ['hidden_sizes', widths],
    ['embedding_size', stem.width],
    ['num_channels', inputChannels],
  ])
}
