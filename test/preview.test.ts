/** The sheet of augmented pictures that a run begins with: what its first epochs train on. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { preprocessingNamed } from '../src/architecture/preprocessing.ts'
import { openTrainingSet } from '../src/datasets/training-set.ts'
import { mirrorImage } from '../src/images/augment/crop.ts'
import { cut } from '../src/images/cut.ts'
import { decodePicture } from '../src/images/decode.node.ts'
import { Batches } from '../src/training/batches.ts'
import { PictureInputs } from '../src/training/inputs.ts'
import { epochOrder } from '../src/training/order.ts'
import { Pictures } from '../src/training/pictures.ts'
import type { TrainOptions } from '../src/training/prepare.ts'
import { previewOf } from '../src/training/preview.ts'
import { changedRecipe, recipeNamed } from '../src/training/recipes.ts'
import { train } from '../src/training/train.ts'
import { writeSmallPictures } from './small-pictures.ts'

let folder = ''
let data = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-preview-'))
  data = join(folder, 'colours')
  await writeSmallPictures(data, { train: 8, test: 2 })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** The notes that a run tells before its first step. */
async function beginning(options: Omit<TrainOptions, 'data'>) {
  const notes: string[] = []
  for await (const event of train({ data, arch: 'cifar_resnet8', ...options })) {
    if (event.kind === 'note') notes.push(event.text)
    if (event.kind === 'step') break
  }
  return notes
}

test('a run that is asked to leaves preview.png and says what is on it', async () => {
  const out = join(folder, 'run')
  const changes = { batch: 8, 'augmentation.mixup': 0.2 }
  const note = (await beginning({ out, changes, preview: true })).find((text) => text.includes('preview.png'))
  expect(note).toContain(`${join(out, 'preview.png')}: in each row a training picture without augmentation`)
  expect(note).toContain('the recipe also mixes pictures, which it does not show')
  const bytes = await readFile(join(out, 'preview.png'))
  const { width, height } = await decodePicture({ file: 'preview.png', bytes })
  const classes = (await readdir(join(data, 'train'))).length
  expect([width, height]).toEqual([4 + 9 * 164, 4 + classes * 164])
})

test('a preview may be all that is wanted, shows no more epochs than there are, and names its rows', async () => {
  const out = join(folder, 'only')
  const kinds: string[] = []
  const notes: string[] = []
  const changes = { batch: 8, epochs: 3 }
  for await (const event of train({ data, arch: 'cifar_resnet8', out, changes, preview: 'only' })) {
    kinds.push(event.kind)
    if (event.kind === 'note') notes.push(event.text)
  }
  expect(new Set(kinds)).toEqual(new Set(['started', 'note']))
  const classes = (await readdir(join(data, 'train'))).sort()
  expect(notes.at(-1)).toContain(`as epochs 1 to 3 have it; the rows are ${classes.join(', ')}`)
})

test('a run that is not asked to leaves none', async () => {
  const out = join(folder, 'without')
  const notes = await beginning({ out, changes: { batch: 8 } })
  expect(notes.filter((text) => text.includes('preview'))).toEqual([])
  expect(await readdir(out)).not.toContain('preview.png')
})

test('a preview without a folder to keep it in is refused', async () => {
  await expect(beginning({ preview: true })).rejects.toThrow('a preview is written into the run’s folder')
})

test('what it shows of an epoch is what that epoch trains on', async () => {
  const set = await openTrainingSet(data, { seed: 0, validation: 0 })
  const items = set.train
  const decoded = new Pictures(items.length, () => {})
  const preprocessing = {
    ...preprocessingNamed('cifar10'),
    resize: { kind: 'squash', size: 16 },
    crop: [16, 16],
  } as const
  const recipe = changedRecipe(recipeNamed('one-cycle'), {
    'augmentation.crop': { kind: 'centre' },
    'augmentation.flip': 1,
    'augmentation.erasing': { probability: 0.5, area: [0.1, 0.3], ratio: [0.5, 2] },
  })
  const batch = items.length
  const pictures = new PictureInputs({
    set,
    pictures: decoded,
    recipe,
    preprocessing,
    channels: 3,
    seed: 5,
  })
  const batches = new Batches({ items, inputs: pictures, recipe, classes: 3, seed: 5, batch })
  const { image } = await batches.prepare(6, 0)
  const erased = [...epochOrder(items.length, 5, 6)].map(async (place, i) => {
    const input = new Float32Array(3 * 16 * 16)
    expect(await pictures.training(place, 6, input)).toBe(true)
    expect(image.subarray(i * input.length, (i + 1) * input.length)).toEqual(input)
    return input.includes(0)
  })
  expect(new Set(await Promise.all(erased))).toEqual(new Set([true, false]))

  const { sheet } = await previewOf({ items, decoded, pictures, preprocessing })
  const cell = (column: number) => cut(sheet, { top: 4, left: 4 + column * 164, height: 160, width: 160 })
  const mirrored = Array.from({ length: 8 }, (_, epoch) => mirrorImage(cell(epoch + 1)))
  // Half of them have a piece erased.
  expect(mirrored).toContainEqual(cell(0))
})
