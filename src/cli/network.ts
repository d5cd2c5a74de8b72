/** The network that a word of `show` and `compare` names: an architecture, or whatever `--model` takes. */
import type { ResNetConfig } from '../architecture/config.ts'
import { aliasOf, variantNamed } from '../architecture/variants.ts'
import { ConfigError } from '../errors.ts'
import type { Context } from './context.ts'

export interface Network {
  readonly name: string
  /** What it was called by, where that is another name of it. */
  readonly alias?: string
  readonly config: ResNetConfig
  /** What it is, and where that is known from. */
  readonly description: string
  readonly source: string
  /** What its pictures go through, in words. */
  readonly preprocessing: string
}

/**
 * A network by the name of an architecture or of a published model, or that of a model file, a checkpoint, a run's folder.
 * Names go first, and no published model is fetched: its row in the table says which network it is.
 *
 * @throws ConfigError that suggests the nearest name, where no file is called so either.
 */
export async function networkOf(text: string, context: Context): Promise<Network> {
  const { PUBLISHED_MODELS } = await import('../hub/published.ts')
  const published = PUBLISHED_MODELS.find(({ name }) => name === text)
  if (published !== undefined) {
    const { name, architecture, description, package: from, version } = published
    const variant = variantNamed(architecture)
    return { ...variant, name, description, source: `npm:${from}@${version}, which holds ${architecture}` }
  }
  const variant = variantOr(text)
  if (!(variant instanceof ConfigError)) return variant
  if (!(await isModel(text))) {
    throw new ConfigError(
      'arch',
      `${variant.reason}; a model file, a checkpoint or a run's folder is taken too`,
    )
  }
  return modelAt(text, context)
}

function variantOr(name: string): Network | ConfigError {
  try {
    const variant = variantNamed(name)
    return variant.name === name || aliasOf(name) === undefined ? variant : { ...variant, alias: name }
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
}

/** Whether a text names a model: one that can be fetched, or a file or folder that is there. */
async function isModel(text: string): Promise<boolean> {
  const { parseReference } = await import('../hub/reference.ts')
  const { pathKind } = await import('../inference/paths.node.ts')
  const reference = parseReference(text)
  return reference.kind !== 'path' || (await pathKind(reference.path)) !== 'missing'
}

async function modelAt(text: string, context: Context): Promise<Network> {
  const { readModelFrom } = await import('./model-options.ts')
  const { name, config, labels, preprocessing, provenance } = await readModelFrom(text, {}, context)
  const classes = labels.length === 0 ? 'without class names' : `classes ${shortened(labels)}`
  const { mean, std, channels, crop } = preprocessing
  return {
    name,
    config,
    description: `the network of ${text}, ${classes}`,
    source: [...provenance].map(([key, value]) => `${key} ${value}`).join('; '),
    preprocessing: `${channels}, mean ${mean.join(' ')}, std ${std.join(' ')}, ${crop.join('×')} pixels`,
  }
}

function shortened(labels: readonly string[]): string {
  const shown = labels.slice(0, 5).join(', ')
  return labels.length > 5 ? `${shown}, ... (${labels.length})` : shown
}
