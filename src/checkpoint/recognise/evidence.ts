/** A network in a few words, for evidence and messages. */
import { blockOf, type ResNetConfig } from '../../architecture/config.ts'

/** For instance `a 7×7 stem, bottleneck blocks 3-4-6-3, widths 64-128-256-512, 1000 classes`. */
export function describe(config: ResNetConfig): string {
  const { stem, stages, attention, normalisation } = config
  const join = (values: readonly (string | number)[]) =>
    values.length <= 8 ? values.join('-') : `${values.slice(0, 8).join('-')}-...`
  const kinds = [...new Set(stages.map((stage) => blockOf(config, stage).kind))]
  const parts = [
    `a ${stem.kind === 'deep' ? 'deep' : stem.kind.replace('x', '×')} stem`,
    `${orderOf(config)}${kinds.join(' and ')} blocks ${join(stages.map(({ blocks }) => blocks))}`,
    `widths ${join(stages.map(({ width }) => width))}`,
    ...groupsOf(config),
    ...shortcutOf(config),
    ...(attention.kind === 'none' ? [] : [`${attention.kind.toUpperCase()} attention`]),
    ...(normalisation.kind === 'group' ? ['group normalisation'] : []),
    ...biasesOf(config),
    config.classes === 1 ? '1 class' : `${config.classes} classes`,
  ]
  return parts.join(', ')
}

function orderOf({ block }: ResNetConfig): string {
  return 'order' in block && block.order === 'full-preactivation' ? 'pre-activation ' : ''
}

function groupsOf({ block }: ResNetConfig): readonly string[] {
  if (block.kind !== 'basic' && block.kind !== 'bottleneck') return []
  if (block.groups > 1) return [`${block.groups} groups of base width ${block.baseWidth}`]
  return block.baseWidth === 64 ? [] : [`base width ${block.baseWidth}`]
}

function shortcutOf({ shortcut }: ResNetConfig): readonly string[] {
  switch (shortcut.kind) {
    case 'none':
      return []
    case 'zero-padding':
      return ['shortcuts without parameters (option A)']
    case 'projection':
      return shortcut.pool === 'average' ? ['averaged projections'] : []
  }
}

function biasesOf({ convolution }: ResNetConfig): readonly string[] {
  if (convolution.bias.length === 0) return []
  return [
    convolution.bias.length === 5
      ? 'biases in every convolution'
      : `biases in ${convolution.bias.join(', ')}`,
  ]
}
