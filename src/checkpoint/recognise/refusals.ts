/** What is refused rather than guessed: blocks that are missing in the middle, normalisations without their statistics. */
import type { Changes } from '../../architecture/change.ts'
import type { ResNetConfig } from '../../architecture/config.ts'
import { CheckpointError, ConfigError } from '../../errors.ts'
import { candidatesFor } from './candidates.ts'
import type { Shapes } from './shapes.ts'

/** Throws where a later stage or block is there and an earlier one is not: part of a file in pieces, or a damaged one. */
export function refuseGaps(file: string, shapes: Shapes): void {
  const stages = new Map<number, Set<number>>()
  let form = ''
  let first = 1
  for (const [name] of shapes.entries()) {
    const [, stem = '', stage, block] =
      /^(layer|stages\.|features\.denseblock)(\d+)\.(?:blocks\.|denselayer)?(\d+)\./.exec(name) ?? []
    if (stage === undefined || block === undefined) continue
    form = stem
    first = stem === 'stages.' ? 0 : 1
    const blocks = stages.get(Number(stage)) ?? new Set()
    stages.set(Number(stage), blocks.add(Number(block)))
  }
  const last = Math.max(...stages.keys())
  const missing: string[] = []
  for (let stage = first; stage < last; stage++) if (!stages.has(stage)) missing.push(`${form}${stage}`)
  for (const [stage, blocks] of stages) {
    const start = form === 'features.denseblock' ? 1 : 0
    for (let block = start; block < Math.max(...blocks); block++)
      if (!blocks.has(block)) missing.push(`${form}${stage}.${block}`)
  }
  if (missing.length === 0) return
  throw new CheckpointError(
    `${file}: blocks are missing (${missing.slice(0, 4).join(', ')}${missing.length > 4 ? ', ...' : ''}) in front of others that are there; it is part of a file in pieces, or damaged`,
  )
}

/** Whether the caller says that the normalisations are group normalisations. */
export function saysGroups(said: Changes): boolean {
  const whole = said.normalisation
  if (said['normalisation.kind'] === 'group') return true
  return typeof whole === 'object' && whole !== null && 'kind' in whole && whole.kind === 'group'
}

/**
 * A network without running statistics may be one of group normalisation, or one of batch normalisation whose statistics
 * were left out. Absence tells nothing; that no named network of batch normalisation has such tensors does.
 */
export function refuseWithoutStatistics(file: string, config: ResNetConfig, shapes: Shapes): void {
  const names = [...shapes.entries()].map(([name]) => name)
  if (names.some((name) => name.endsWith('.running_mean') && !name.startsWith('input_norm'))) return
  const batch = { ...config, normalisation: { kind: 'batch', epsilon: 1e-5, momentum: 0.1 } } as const
  const isGroup = config.normalisation.kind === 'group'
  if (isGroup && candidatesFor(batch).length === 0 && isPublished(config)) return
  const norm = names.find((name) => /(bn|norm)\d?\.weight$/.test(name)) ?? 'bn1.weight'
  throw new CheckpointError(withoutStatistics(file, norm.replace(/weight$/, 'running_mean')))
}

function isPublished(config: ResNetConfig): boolean {
  try {
    return candidatesFor(config).length > 0
  } catch (error) {
    // Widths that 32 groups do not divide are of no published network.
    if (error instanceof ConfigError) return false
    throw error
  }
}

/** What to say and to do where running statistics are missing. */
export function withoutStatistics(file: string, example: string): string {
  return `${file}: its normalisations have no running statistics (${example}, ...), which a network of batch normalisation cannot run without. An average of the parameters alone, or half of {params, buffers}, lacks them: save the whole model.state_dict(). Only if the network was trained with group normalisation, say so: --set normalisation.kind=group`
}
