/** Folders of Hugging Face and timm: what config.json says goes before every guess, and must not contradict the tensors. */
import { describe, expect, test } from 'vitest'
import { folderOf, safetensorsOf } from '../../../test/checkpoint-bytes.ts'
import { narrowed } from '../../../test/narrowed.ts'
import { changed } from '../../architecture/change.ts'
import type { ResNetConfig } from '../../architecture/config.ts'
import { config } from '../../architecture/variants.ts'
import { type ModelOptions, modelFromCheckpoint } from '../model.ts'
import { schemeNamed } from '../naming/schemes.ts'
import { translate } from '../naming/template.ts'
import { readCheckpoint } from '../read.ts'
import { statesOf } from './states.ts'

/** A model.safetensors of ones, under torchvision's names or Hugging Face's. */
function weightsOf(held: ResNetConfig, scheme?: 'hugging-face'): Uint8Array {
  let at = 0
  const entries = [...statesOf(held)].map(([name, shape]) => {
    const cut = name.lastIndexOf('.')
    const layer = name.slice(0, cut)
    const theirs = scheme === undefined ? layer : translate(schemeNamed(scheme).rules, layer, 'ours')
    const bytes = 4 * shape.reduce((product, size) => product * size, 1)
    at += bytes
    return [`${theirs}${name.slice(cut)}`, { dtype: 'F32', shape, data_offsets: [at - bytes, at] }] as const
  })
  return safetensorsOf(Object.fromEntries(entries), new Uint8Array(new Float32Array(at / 4).fill(1).buffer))
}

async function load(weights: Uint8Array, settings: object, options: ModelOptions = {}) {
  const files = { 'model.safetensors': weights, 'config.json': JSON.stringify(settings) }
  return modelFromCheckpoint(await readCheckpoint(folderOf(files)), options)
}

const small = narrowed(config('resnet50'))
const basic = narrowed(config('resnet18'))

describe("a folder of Hugging Face's", () => {
  const weights = weightsOf(small, 'hugging-face')
  const said = {
    model_type: 'resnet',
    layer_type: 'bottleneck',
    hidden_act: 'relu',
    num_channels: 3,
    embedding_size: small.stem.width,
    depths: small.stages.map(({ blocks }) => blocks),
    hidden_sizes: small.stages.map(({ width }) => 4 * width),
    id2label: Object.fromEntries(Array.from({ length: 10 }, (_, i) => [i, `kind ${i}`])),
  }

  test.each<[object, string, number]>([
    [{}, 'conv2', 1],
    [{ downsample_in_bottleneck: false, downsample_in_first_stage: false }, 'conv2', 1],
    [{ downsample_in_bottleneck: true }, 'conv1', 1],
    [{ downsample_in_first_stage: true }, 'conv2', 2],
    [{ downsample_in_bottleneck: true, downsample_in_first_stage: true }, 'conv1', 2],
  ])('with %j has its strides there, and leaves nothing open', async (more, strideAt, first) => {
    const { config: read, notes, labels } = await load(weights, { ...said, ...more })
    expect(read.block).toMatchObject({ strideAt })
    expect(read.stages.map(({ stride }) => stride)).toEqual([first, 2, 2, 2])
    expect(labels[9]).toBe('kind 9')
    expect(notes.join('\n')).not.toContain('does not say')
    expect(notes.join('\n')).toContain(`config.json beside it says: downsample_in_first_stage ${first === 2}`)
  })

  test('of basic blocks may have a stride in its first stage', async () => {
    const held = changed(basic, { 'stages.0.stride': 2, 'shortcut.where': 'stage-start' })
    const { layer_type: _, depths: __, hidden_sizes: ___, ...rest } = said
    const settings = { ...rest, layer_type: 'basic', downsample_in_first_stage: true }
    const { config: read } = await load(weightsOf(held, 'hugging-face'), settings)
    expect(read.stages.map(({ stride }) => stride)).toEqual([2, 2, 2, 2])
  })

  test.each<[object, RegExp]>([
    [{ depths: [3, 4, 6, 3] }, /depths \[3,4,6,3\], but the tensors show \[2,2,2,2\]/],
    [{ layer_type: 'basic' }, /layer_type "basic", but the tensors show "bottleneck"/],
    [{ hidden_sizes: [1, 2, 3, 4] }, /hidden_sizes \[1,2,3,4\], but the tensors show/],
    [{ embedding_size: 64 }, /embedding_size 64, but the tensors show 8/],
    [{ num_channels: 1 }, /num_channels 1, but the tensors show 3/],
    [{ hidden_act: 'gelu' }, /hidden_act gelu: .* --set activation=relu takes ReLU everywhere/],
  ])('with %j is refused, naming both', async (more, message) => {
    await expect(load(weights, { ...said, ...more })).rejects.toThrow(message)
  })

  test('is read by what the caller says before what config.json says', async () => {
    const settings = { ...said, downsample_in_bottleneck: true, hidden_act: 'silu' }
    const changes = { 'block.strideAt': 'conv2', activation: 'silu' }
    const { config: read, notes } = await load(weights, settings, { changes })
    expect(read).toMatchObject({ block: { strideAt: 'conv2' }, activation: 'silu' })
    expect(notes.join('\n')).toContain('hidden_act silu, which the caller overrides')
  })

  test('gives way to a network that the caller names, and says in what the two differ', async () => {
    const { notes } = await load(weights, { ...said, downsample_in_bottleneck: true }, { arch: small })
    expect(notes[0]).toBe(
      'config.json beside it says downsample_in_bottleneck true (here false); the network that is named goes before it',
    )
    expect((await load(weights, said, { arch: small })).notes.join('\n')).not.toContain('goes before it')
  })

  test('is not followed for tensors of other names, which is said', async () => {
    const { config: read, notes } = await load(weightsOf(small), { ...said, downsample_in_bottleneck: true })
    expect(read.block).toMatchObject({ strideAt: 'conv2' })
    expect(notes.join('\n')).toContain('the tensors have names of torchvision')
  })
})

describe("a folder of timm's", () => {
  const held = { ...config('resnet18'), classes: 10 }
  const weights = weightsOf(held)
  const said = { architecture: 'resnet18', num_classes: 10, pretrained_cfg: { tag: 'a1_in1k' } }

  test('is the network that config.json names, which is said', async () => {
    const { name, notes } = await load(weights, { ...said, architecture: 'resnetblur18' })
    expect(name).toBe('resnetblur18')
    expect(notes[0]).toBe(
      'config.json beside it names the network resnetblur18, which is taken, as --arch would; --arch goes before it',
    )
  })

  test('may be dilated, and says what of its arguments is not followed', async () => {
    const settings = { ...said, model_args: { output_stride: 16, in_chans: 3, aa_layer: 'blur' } }
    const { config: read, notes } = await load(weights, settings)
    expect(read.outputStride).toBe(16)
    expect(notes).toContain('model_args in config.json beside it is not followed in aa_layer')
  })

  test('that contradicts its tensors is refused, naming both', async () => {
    await expect(load(weights, { ...said, architecture: 'resnet34' })).rejects.toThrow(
      /does not hold resnet34, which config.json beside it names: \d+ missing\. The file looks like resnet18; try --arch resnet18/,
    )
    await expect(load(weights, { ...said, num_classes: 1000 })).rejects.toThrow(
      'its classifier has 10 classes, but config.json beside it says num_classes 1000',
    )
  })

  test('gives way to a network that the caller names, which is said where the two differ', async () => {
    const other = await load(weights, { ...said, architecture: 'resnet34' }, { arch: 'resnet18' })
    expect(other.name).toBe('resnet18')
    expect(other.notes[0]).toBe(
      'config.json beside it says the network "resnet34"; the network that is named goes before it',
    )
    const same = await load(weights, said, { arch: 'resnet18' })
    expect(same.notes.join('\n')).not.toContain('config.json beside it')
  })

  test('of a network that is none here is recognised by its tensors', async () => {
    const { name, notes } = await load(weights, { architecture: 'vit_base_patch16_224' })
    expect(name).toBe('resnet18')
    expect(notes.join('\n')).toContain('names the network "vit_base_patch16_224", which is none')
  })
})
