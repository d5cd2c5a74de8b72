/** What shapes say about everything around the stages: stem, shortcut, normalisation, biases, head. */
import type { ConvolutionRole, ResNetConfig, ShortcutConfig } from '../../architecture/config.ts'
import type { Names } from '../../architecture/names.ts'
import type { FoundHead } from '../naming/head.ts'
import type { SeenStage } from './residual.ts'
import { convolutionAt, type Shapes } from './shapes.ts'

type Stem = ResNetConfig['stem']

/**
 * The stem. Shapes are silent about its stride and pool: a lone 3×3 is taken for CIFAR's (stride 1, no pool), everything
 * else for ImageNet's.
 */
export function seeStem(shapes: Shapes, names: Names): Stem {
  const layers = names.stemConvolutions.map((layer) => convolutionAt(shapes, layer))
  const [first, second, third] = layers
  const kind = third !== undefined ? 'deep' : first?.kernel === 3 ? '3x3' : '7x7'
  const last = kind === 'deep' ? 2 : 0
  const lone = kind === '3x3'
  return {
    kind,
    width: (kind === 'deep' ? third : first)?.out ?? 64,
    innerWidths: kind === 'deep' ? [first?.out ?? 32, second?.out ?? 32] : [],
    stride: lone ? 1 : 2,
    activated: shapes.has(`${names.stemNormalisations[last] ?? ''}.weight`),
    inputNormalisation: seeInputNormalisation(shapes, names),
    pool: seePool(shapes, names, lone),
  }
}

function seeInputNormalisation(shapes: Shapes, names: Names): Stem['inputNormalisation'] {
  if (!shapes.has(`${names.inputNormalisation}.running_mean`)) return 'none'
  return shapes.has(`${names.inputNormalisation}.bias`) ? 'statistics-and-shift' : 'statistics'
}

function seePool(shapes: Shapes, names: Names, lone: boolean): Stem['pool'] {
  if (shapes.has(`${names.poolConvolution}.weight`)) return { kind: 'convolution' }
  return lone ? { kind: 'none' } : { kind: 'max', padding: 'symmetric' }
}

/** The shortcuts, from where the file has projections and where widths change. */
export function seeShortcut(shapes: Shapes, names: Names, stages: readonly SeenStage[]): ShortcutConfig {
  const [first] = stages
  const blocks = stages.flatMap(({ blocks }) => blocks)
  const has = (block: string, layer: string) => shapes.has(`${block}.${layer}.weight`)
  const projected = blocks.filter((block) => has(block, names.projection))
  const combine: Extract<ShortcutConfig, { kind: 'projection' }>['combine'] = blocks.some((block) =>
    has(block, 'gate'),
  )
    ? { kind: 'gate', form: 'exclusive', bias: -6 }
    : { kind: 'add' }
  if (first === undefined) return { kind: 'none' }
  const changes = stages.some(({ input, outer }, s) => s > 0 && input !== outer)
  if (projected.length === 0 && changes)
    return { kind: 'zero-padding', sampling: 'subsample', zeros: 'end', combine }
  const everywhere = projected.length === blocks.length && blocks.length > stages.length
  const atStart = first.input === first.outer && has(first.blocks[0] ?? '', names.projection)
  const averaged =
    names.projection.endsWith('.1') || (names.projection.endsWith('conv') && isDeep(shapes, names))
  return {
    kind: 'projection',
    where: everywhere ? 'every-block' : atStart ? 'stage-start' : 'shape-change',
    kernel: projected.some((block) => shapes.axis(`${block}.${names.projection}.weight`, 2) === 3) ? 3 : 1,
    pool: averaged ? 'average' : 'none',
    dilatedPool: averaged ? 'same' : 'none',
    normalised:
      projected.length === 0 || projected.some((block) => has(block, names.projectionNormalisation)),
    combine,
  }
}

/** A pre-activation network's names do not tell the average before a projection; deep stems come with it. */
function isDeep(shapes: Shapes, names: Names): boolean {
  return names.stemConvolutions.length === 3 && shapes.has(`${names.stemConvolutions[2] ?? ''}.weight`)
}

/** Batch normalisation has running statistics; what has none is taken for 32 groups, as all published networks have. */
export function seeNormalisation(shapes: Shapes): ResNetConfig['normalisation'] {
  for (const [name] of shapes.entries()) {
    if (name.endsWith('.running_mean') && !name.startsWith('input_norm'))
      return { kind: 'batch', epsilon: 1e-5, momentum: 0.1 }
  }
  return { kind: 'group', groups: 32, epsilon: 1e-5 }
}

/** Which convolutions have a bias, by their place in stem, first blocks and shortcuts. */
export function seeBiases(
  shapes: Shapes,
  names: Names,
  stages: readonly SeenStage[],
): readonly ConvolutionRole[] {
  const blocks = stages.map(({ blocks: [block = ''] }) => block)
  const inBlocks = (layer: string) => blocks.some((block) => shapes.has(`${block}.${layer}.bias`))
  const roles: readonly (readonly [ConvolutionRole, boolean])[] = [
    ['stem', names.stemConvolutions.some((layer) => shapes.has(`${layer}.bias`))],
    ['conv1', inBlocks(names.convolution(1))],
    ['conv2', inBlocks(names.convolution(2))],
    ['conv3', inBlocks(names.convolution(3))],
    ['shortcut', inBlocks(names.projection)],
  ]
  return roles.filter(([, present]) => present).map(([role]) => role)
}

/** The head: what shapes say of the trunk's end, and the layers that were found behind it. */
export function seeHead(shapes: Shapes, names: Names, found: FoundHead | undefined): ResNetConfig['head'] {
  return {
    finalActivation: shapes.has(`${names.finalNormalisation}.weight`)
      ? 'normalisation-and-activation'
      : 'none',
    convolutionWidth: shapes.axis(`${names.headConvolution}.weight`, 0) ?? 0,
    pool: found?.pool ?? { kind: 'global' },
    dropout: 0,
    hidden: found?.hidden ?? [],
    classifier: found?.classifier ?? 'linear',
    backgroundClass: found?.classes === 1001,
  }
}
