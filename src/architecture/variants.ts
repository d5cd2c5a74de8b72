/** Every named network in one table, and the families whose names carry numbers. */
import { closest, distance } from 'fastest-levenshtein'
import { ConfigError } from '../errors.ts'
import type { ResNetConfig } from './config.ts'
import { type Preprocessing, preprocessingNamed } from './preprocessing.ts'
import { type Alias, aliasTable, spellings } from './variants/aliases.ts'
import type { Variant } from './variants/base.ts'
import { frameworkVariants } from './variants/frameworks.ts'
import { cifarPlain, cifarResNet, cifarVariants, paperVariants } from './variants/paper.ts'
import { relativeVariants } from './variants/relatives.ts'
import { secondPaperVariants, wideResNet } from './variants/second-paper.ts'
import { timmVariants } from './variants/timm.ts'
import { torchvisionVariants } from './variants/torchvision.ts'

export type { Alias } from './variants/aliases.ts'
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

/** Whether a text names a network: one of the table, a member of a family, or another name of one. */
export function isVariantName(name: string): boolean {
  return table.has(name) || families.some(({ pattern }) => pattern.test(name)) || aliasOf(name) !== undefined
}

/** Other names of networks in the table: the article's words, former names, other libraries' spellings. */
export function aliases(): readonly Alias[] {
  return aliasTable
}

/** What a name stands for, where it is another name of a network. */
export function aliasOf(name: string): Alias | undefined {
  for (const spelt of spellings(name)) {
    const known = aliasTable.find((alias) => alias.name === spelt.of)
    if (known !== undefined) return { ...known, ...spelt, of: known.of }
    if (spelt.of !== name && (table.has(spelt.of) || memberNamed(spelt.of) !== undefined)) return spelt
  }
  return undefined
}

/**
 * A network by its name, or by another name of it.
 *
 * @throws ConfigError that suggests the nearest name, where one is near.
 */
export function variantNamed(name: string): Variant {
  const known = table.get(name)
  if (known !== undefined) return known
  const family = families.find(({ pattern }) => pattern.test(name))
  if (family !== undefined) {
    const member = memberNamed(name)
    if (member === undefined)
      throw new ConfigError('arch', `there is no ${name}; names of this family are ${family.form}`)
    return member
  }
  const alias = aliasOf(name)
  if (alias === undefined) throw new ConfigError('arch', unknown(name))
  return asPublishedUnder(alias, variantNamed(alias.of))
}

/** The row with what its weights' tag says of pictures; ImageNet's statistics never replace others. */
function asPublishedUnder({ preprocessing, published }: Alias, variant: Variant): Variant {
  const replacesOthers =
    preprocessing?.startsWith('torch-imagenet') && !variant.preprocessing.startsWith('torch-imagenet')
  return {
    ...variant,
    ...(preprocessing === undefined || replacesOthers ? {} : { preprocessing }),
    ...(published === undefined ? {} : { published }),
  }
}

/** A member of a family whose numbers give whole blocks. */
function memberNamed(name: string): Variant | undefined {
  for (const { pattern, build } of families) {
    const match = pattern.exec(name)
    if (match !== null) return build(name, match.slice(1).map(Number))
  }
  return undefined
}

/** No name is suggested that shares little with what was typed. */
function unknown(name: string): string {
  const nearest = closest(name.toLowerCase(), [...table.keys()])
  const far = distance(name.toLowerCase(), nearest)
  const near = far <= 2 && 3 * far <= nearest.length && digitsOf(name).length === digitsOf(nearest).length
  const hint = near ? `did you mean ${nearest}? ` : ''
  return `there is no network named "${name.slice(0, 60)}"; ${hint}resnet list names them all`
}

function digitsOf(name: string): string {
  return name.replace(/[^0-9oOlI]/g, '')
}

/**
 * What the pictures of a network's published weights go through: its row's preset, at the config's input or the weights' own.
 */
export function publishedPreprocessing(
  { preprocessing, published }: Variant,
  input: ResNetConfig['input'],
): Preprocessing {
  if (published === undefined) return preprocessingNamed(preprocessing, input)
  const [side, share] = published
  const resize = { kind: 'short-side', size: Math.floor(side / share) } as const
  return { ...preprocessingNamed(preprocessing, [side, side]), resize }
}

/** The config of a named network. Throws `ConfigError` for an unknown name. */
export function config(name: string): ResNetConfig {
  return variantNamed(name).config
}
