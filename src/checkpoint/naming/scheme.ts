/** What a naming scheme is, and the names that many of them share: torchvision's. */
import type { Layout } from './layout.ts'
import { type Rule, rule } from './template.ts'

export type SchemeName =
  | 'torchvision'
  | 'timm'
  | 'timm-mobilenet'
  | 'torchvision-old-densenet'
  | 'cifar-collection'
  | 'hugging-face'
  | 'hugging-face-bare'
  | 'nvidia'
  | 'children'
  | 'torch-preactivation'
  | 'torch-preactivation-stem'
  | 'wide-resnet'
  | 'detectron'
  | 'cifar-100-collection'
  | 'cifar-100-preactivation'
  | 'legacy-senet'
  | 'legacy-senet-deep'
  | 'keras-first'
  | 'keras'
  | 'keras-v2'
  | 'gluon-v1b'
  | 'gluon-v1'
  | 'gluon-v2'

export interface NamingScheme {
  readonly name: SchemeName
  /** As messages call it: "names of ...". */
  readonly description: string
  /** Between a layer's name and that of its tensor. */
  readonly separator: '.' | '/'
  readonly rules: readonly Rule[]
  readonly suffixes: ReadonlyMap<string, Suffix>
  /** The rules for these names, where they depend on them: numbers that go on from stage to stage. */
  readonly adapted?: (names: readonly string[]) => readonly Rule[]
}

export interface Suffix {
  readonly ours: 'weight' | 'bias' | 'running_mean' | 'running_var'
  readonly layout: Layout
}

const same = (ours: Suffix['ours']): Suffix => ({ ours, layout: 'same' })

export const torchSuffixes: ReadonlyMap<string, Suffix> = new Map([
  ['weight', same('weight')],
  ['bias', same('bias')],
  ['running_mean', same('running_mean')],
  ['running_var', same('running_var')],
])
export const gluonSuffixes: ReadonlyMap<string, Suffix> = new Map([
  ...torchSuffixes,
  ['gamma', same('weight')],
  ['beta', same('bias')],
])
export const kerasSuffixes: ReadonlyMap<string, Suffix> = new Map<string, Suffix>([
  ['kernel', { ours: 'weight', layout: 'input-first' }],
  ['depthwise_kernel', { ours: 'weight', layout: 'depthwise' }],
  ['bias', same('bias')],
  ['gamma', same('weight')],
  ['beta', same('bias')],
  ['moving_mean', same('running_mean')],
  ['moving_variance', same('running_var')],
])

export const alike = (...names: readonly string[]) => names.map((name) => rule(name, name))

export const stemAndBlocks = alike(
  'conv1',
  'bn1',
  'conv1.{i}',
  'layer{s}.{b}.conv{c}',
  'layer{s}.{b}.bn{c}',
  'layer{s}.{b}.downsample.{i}',
)
export const attention = ['layer{s}.{b}', 'stages.{s}.blocks.{b}'].flatMap((block) =>
  alike(
    `${block}.se.fc{i}`,
    `${block}.se.conv`,
    `${block}.conv{c}.conv`,
    `${block}.conv{c}.bn`,
    `${block}.conv{c}.paths.{p}.conv`,
    `${block}.conv{c}.paths.{p}.bn`,
    `${block}.conv{c}.attn.fc_reduce`,
    `${block}.conv{c}.attn.bn`,
    `${block}.conv{c}.attn.fc_select`,
    `${block}.gate`,
  ),
)
export const renamed = (rules: readonly Rule[], rename: (name: string) => string): readonly Rule[] =>
  rules.map(({ theirs, ours: { text } }) => rule(rename(theirs.text), text))

/** A scheme of the given rules; Keras parts names by slashes, all others by dots. */
export const scheme = (
  name: SchemeName,
  description: string,
  suffixes: ReadonlyMap<string, Suffix>,
  rules: readonly Rule[],
): NamingScheme => ({ name, description, separator: suffixes === kerasSuffixes ? '/' : '.', suffixes, rules })
