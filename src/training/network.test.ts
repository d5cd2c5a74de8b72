/** A model's classifier, for the same classes, for the same in another order, and for others. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import type { Model } from '../checkpoint/model.ts'
import { readModel } from '../inference/load.ts'
import { networkFrom } from './network.ts'
import { recipeNamed } from './recipes.ts'

const models = join(import.meta.dirname, '../../models')
const recipe = recipeNamed('one-cycle')
let model: Model

beforeAll(async () => {
  const [file = ''] = readdirSync(models).filter((name) => name.endsWith('.safetensors'))
  model = await readModel(join(models, file))
})

describe('a network that starts from a model', () => {
  it('keeps its classifier where the classes are its own', () => {
    const { tensors } = networkFrom(model, { classes: model.labels, recipe })
    expect(tensors?.get('fc.weight')).toEqual(model.tensors.get('fc.weight'))
  })

  it('keeps it in the order of the pictures where that is another, class by class', () => {
    const classes = model.labels.toReversed()
    const { tensors } = networkFrom(model, { classes, recipe })
    const [ours, before] = [tensors?.get('fc.bias'), model.tensors.get('fc.bias')]
    expect([...(ours ?? [])]).toEqual([...(before ?? [])].reverse())
    const rowOf = (values: Float32Array | undefined, row: number) =>
      [...(values ?? [])].slice(row * 64, (row + 1) * 64)
    expect(rowOf(tensors?.get('fc.weight'), 0)).toEqual(rowOf(model.tensors.get('fc.weight'), 9))
  })

  it('gets a new one where a class is another', () => {
    const { tensors } = networkFrom(model, { classes: ['yak', ...model.labels.slice(1)], recipe })
    expect([...(tensors?.keys() ?? [])].filter((name) => name.startsWith('fc.'))).toEqual([])
    expect(tensors?.get('conv1.weight')).toEqual(model.tensors.get('conv1.weight'))
  })
})
