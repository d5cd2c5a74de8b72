/** One layer of two networks side by side, or of one where the other has none. */
import type { LayerSummary } from './summary.ts'

/** The figures that are compared. */
export const layerKeys = [
  'op',
  'kernel',
  'groups',
  'dilation',
  'inputShape',
  'outputShape',
  'parameters',
  'macs',
  'stride',
  'receptiveField',
] as const

export type LayerKey = (typeof layerKeys)[number]

export type LayerComparison =
  | { readonly change: 'none'; readonly name: string; readonly a: LayerSummary; readonly b: LayerSummary }
  | {
      readonly change: 'changed'
      readonly name: string
      readonly a: LayerSummary
      readonly b: LayerSummary
      /** Which of the figures differ. */
      readonly keys: readonly LayerKey[]
    }
  | { readonly change: 'only-a'; readonly name: string; readonly a: LayerSummary }
  | { readonly change: 'only-b'; readonly name: string; readonly b: LayerSummary }
