/** The model that a run leaves: what it was trained on and how is its provenance. */
import type { Model } from '../checkpoint/model.ts'
import type { TensorMap } from '../engines/engine.ts'
import type { RunSettings } from './events.ts'
import type { Position } from './store.ts'

/** What the model of a run is called: by its pictures and its network, not by the model that it began from. */
export function nameOfModel({ arch, dataset }: Pick<RunSettings, 'arch' | 'dataset'>): string {
  const pictures = dataset.name
    .replace(/\.(tar|csv)$/i, '')
    .replace(/[^\p{L}\p{N}._-]+/gu, '-')
    .replace(/^[-.]+|-+$/g, '')
  return `${(pictures || 'pictures').slice(0, 100)}-${arch}`
}

export function trainedModel(settings: RunSettings, tensors: TensorMap, { epoch, best }: Position): Model {
  const { arch, config, classes, preprocessing, dataset, recipeName, seed, from, teacher } = settings
  const provenance = new Map([
    ['trained with', 'resnet-ts'],
    ['network', arch],
    ['trained on', `${dataset.name}, ${dataset.train} pictures`],
    ['recipe', recipeName],
    ['seed', String(seed)],
    ['epochs', String(epoch)],
    ...(best?.top1 == null ? [] : ([['validation top-1', best.top1.toFixed(4)]] as const)),
    ...(from === null ? [] : ([['trained from', from]] as const)),
    ...(teacher === null ? [] : ([['teacher', teacher]] as const)),
  ])
  return {
    name: nameOfModel(settings),
    config,
    tensors,
    labels: classes,
    preprocessing,
    provenance,
    notes: [],
  }
}
