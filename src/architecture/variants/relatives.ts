/** The topologies that the family led to: dense concatenation (arXiv:1608.06993), inverted bottleneck (arXiv:1801.04381). */
import { roundedTo } from '../attention.ts'
import { imagenet, type Variant } from './base.ts'

const denseRows: readonly { depth: number; growth: number; stem: number; layers: readonly number[] }[] = [
  { depth: 121, growth: 32, stem: 64, layers: [6, 12, 24, 16] },
  { depth: 169, growth: 32, stem: 64, layers: [6, 12, 32, 32] },
  { depth: 201, growth: 32, stem: 64, layers: [6, 12, 48, 32] },
  { depth: 161, growth: 48, stem: 96, layers: [6, 12, 36, 24] },
]

const dense = denseRows.map(
  ({ depth, growth, stem, layers }): Variant => ({
    name: `densenet${depth}`,
    description: `DenseNet-${depth}: each layer adds ${growth} channels to all before it`,
    source: 'arXiv:1608.06993',
    config: imagenet('bottleneck', layers, {
      'stem.width': stem,
      stages: layers.map((blocks, stage) => ({ blocks, width: growth, stride: stage === 0 ? 1 : 2 })),
      block: { kind: 'dense', bottleneck: 4, compression: 0.5 },
      shortcut: { kind: 'none' },
      'head.finalActivation': 'normalisation-and-activation',
    }),
    preprocessing: 'torch-imagenet',
  }),
)

/** Expansion, output width, blocks and stride of the stages of MobileNetV2 (its table 2). */
const inverted: readonly (readonly [number, number, number, 1 | 2])[] = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
]

interface MobileNet {
  readonly name: string
  /** Share of the widths, and of the depths of all stages but the first and last. */
  readonly factor: number
  readonly depth: number
  /** Whether stem and head keep their widths. */
  readonly fixed: boolean
}

function mobileNet({ name, factor, depth, fixed }: MobileNet): Variant {
  const scaled = (width: number) => roundedTo(width * factor, 8, 0.9)
  const deeper = (blocks: number) => (blocks === 1 ? 1 : Math.ceil(blocks * depth))
  const deep = depth === 1 ? '' : ` and ${depth} of its depths`
  return {
    name,
    description: `MobileNetV2 at ${factor} of its widths${deep}: inverted bottlenecks`,
    source: 'arXiv:1801.04381',
    config: imagenet('bottleneck', [1], {
      'stem.kind': '3x3',
      'stem.width': fixed ? 32 : scaled(32),
      'stem.pool': { kind: 'none' },
      stages: inverted.map(([expansion, width, blocks, stride]) => ({
        blocks: deeper(blocks),
        width: scaled(width),
        stride,
        block: { kind: 'inverted', expansion },
      })),
      block: { kind: 'inverted', expansion: 6 },
      shortcut: { kind: 'none' },
      activation: 'relu6',
      'head.convolutionWidth': fixed ? 1280 : roundedTo(1280 * Math.max(1, factor), 8, 0.9),
      'head.dropout': 0.2,
    }),
    preprocessing: 'torch-imagenet',
  }
}

const mobileNets: readonly MobileNet[] = [
  ...[35, 50, 75, 100, 140].map((percent) => ({
    name: `mobilenetv2_${String(percent).padStart(3, '0')}`,
    factor: percent / 100,
    depth: 1,
    fixed: false,
  })),
  { name: 'mobilenetv2_110d', factor: 1.1, depth: 1.2, fixed: true },
  { name: 'mobilenetv2_120d', factor: 1.2, depth: 1.4, fixed: true },
]

export const relativeVariants: readonly Variant[] = [...dense, ...mobileNets.map(mobileNet)]
