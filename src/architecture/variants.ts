/** Every named network in one table, and the families whose names carry numbers. */
import { closest } from 'fastest-levenshtein'
import { ConfigError } from '../errors.ts'
import type { ResNetConfig } from './config.ts'
import type { Variant } from './variants/base.ts'
import { frameworkVariants } from './variants/frameworks.ts'
import { cifarPlain, cifarResNet, cifarVariants, paperVariants } from './variants/paper.ts'
import { relativeVariants } from './variants/relatives.ts'
import { secondPaperVariants, wideResNet } from './variants/second-paper.ts'
import { timmVariants } from './variants/timm.ts'
import { torchvisionVariants } from './variants/torchvision.ts'

export type { Variant } from './variants/base.ts'

const table: ReadonlyMap<string, Variant> = new Map(
  [
    ...torchvisionVariants,
    ...paperVariants,
    ...cifarVariants,
    ...secondPaperVariants,
    ...frameworkVariants,
    ...timmVariants,
    ...relativeVariants,
  ].map((variant) => [variant.name, variant]),
)

/** All named networks. */
export function variants(): readonly Variant[] {
  return [...table.values()]
}

/** Names with numbers in them, for any number that gives whole blocks. */
const families: readonly {
  pattern: RegExp
  form: string
  build(name: string, numbers: readonly number[]): Variant | undefined
}[] = [
  {
    pattern: /^cifar_resnet(\d{1,5})$/,
    form: 'cifar_resnetN with N = 6n + 2',
    build: (name, [depth = 0]) => (wholeBlocks(depth, 2) ? cifarResNet(name, depth) : undefined),
  },
  {
    pattern: /^cifar_plain(\d{1,5})$/,
    form: 'cifar_plainN with N = 6n + 2',
    build: (name, [depth = 0]) => (wholeBlocks(depth, 2) ? cifarPlain(name, depth) : undefined),
  },
  {
    pattern: /^wrn_(\d{1,5})_(\d{1,3})$/,
    form: 'wrn_D_K with D = 6n + 4 and K from 1',
    build: (name, [depth = 0, factor = 0]) =>
      factor > 0 && wholeBlocks(depth, 4) ? wideResNet(name, depth, factor) : undefined,
  },
]

function wholeBlocks(depth: number, others: number): boolean {
  return depth > others && (depth - others) % 6 === 0
}

/** Whether a text names a network: one of the table, or a member of a family. */
export function isVariantName(name: string): boolean {
  return table.has(name) || families.some(({ pattern }) => pattern.test(name))
}

/**
 * A network by its name.
 *
 * @throws ConfigError that suggests the nearest name.
 */
export function variantNamed(name: string): Variant {
  const known = table.get(name)
  if (known !== undefined) return known
  for (const { pattern, form, build } of families) {
    const match = pattern.exec(name)
    if (match === null) continue
    const variant = build(name, match.slice(1).map(Number))
    if (variant === undefined)
      throw new ConfigError('arch', `there is no ${name}; names of this family are ${form}`)
    return variant
  }
  const nearest = closest(name.toLowerCase(), [...table.keys()])
  throw new ConfigError(
    'arch',
    `there is no network named "${name.slice(0, 60)}"; did you mean ${nearest}? resnet list names them all`,
  )
}

/** The config of a named network. Throws `ConfigError` for an unknown name. */
export function config(name: string): ResNetConfig {
  return variantNamed(name).config
}
