import { describe, expect, test } from 'vitest'
import { checkpointOf } from '../../test/checkpoint.ts'
import { config } from '../architecture/variants.ts'
import { CheckpointError } from '../errors.ts'
import { explainMisfit, fill, fitOf } from './fill.ts'
import { nameTensors } from './naming/map.ts'
import { statesOf } from './recognise/states.ts'

const resnet18 = config('resnet18')
const states = statesOf(resnet18)
const namedOf = (
  shapes: Iterable<readonly [string, readonly number[]]>,
  value?: (name: string, index: number) => number,
) => nameTensors(checkpointOf(shapes, value === undefined ? {} : { value }))
const without = (pattern: RegExp) => [...states].filter(([name]) => !pattern.test(name))

describe('filling a network', () => {
  test('reads every tensor under our names, in the order of the graph', async () => {
    const reversed = [...states].reverse()
    const { tensors, notes } = await fill(
      resnet18,
      namedOf(reversed, (_, i) => i % 7),
      { file: 'f', arch: 'resnet18' },
    )
    expect([...tensors.keys()]).toEqual([...states.keys()])
    expect([...(tensors.get('fc.bias') ?? [])].slice(0, 8)).toEqual([0, 1, 2, 3, 4, 5, 6, 0])
    expect(notes).toEqual([])
  })

  test('a classifier without a bias, and normalisations without scale and shift, are neutral and said', async () => {
    const named = namedOf(without(/^(fc\.bias|layer4\.1\.bn2\.(weight|bias))$/), () => 2)
    const { tensors, notes } = await fill(resnet18, named, { file: 'f', arch: 'resnet18' })
    expect(tensors.get('fc.bias')?.[0]).toBe(0)
    expect(tensors.get('layer4.1.bn2.weight')?.[0]).toBe(1)
    expect(tensors.get('layer4.1.bn2.bias')?.[0]).toBe(0)
    expect(notes).toEqual([
      '3 scales, shifts or biases that the file leaves out are neutral (layer4.1.bn2.weight, layer4.1.bn2.bias, fc.bias)',
    ])
  })

  test('a convolution as classifier fits a linear layer', () => {
    const shapes = new Map([...states, ['fc.weight', [1000, 512, 1, 1]]])
    expect(fitOf(namedOf(shapes), states).misshapen).toEqual([])
  })

  test('values that are no numbers are refused by name', async () => {
    const broken = (name: string, i: number) => (name === 'layer1.0.conv1.weight' && i === 5 ? Number.NaN : 1)
    const filled = fill(resnet18, namedOf(states, broken), { file: 'f', arch: 'resnet18' })
    await expect(filled).rejects.toThrow(
      'f: holds NaN in layer1.0.conv1.weight, so that no answer of the network would be a number; the training that wrote it diverged, or the file is damaged; take an earlier one',
    )
  })

  test('running variances below 0 are refused by name', async () => {
    const negative = (name: string) => (name === 'bn1.running_var' ? -1 : 1)
    const filled = fill(resnet18, namedOf(states, negative), { file: 'f.pth', arch: 'resnet18' })
    await expect(filled).rejects.toThrow(
      'f.pth: running variances below 0 in bn1.running_var; the file is damaged or holds another kind of tensor there',
    )
  })
})

describe('a checkpoint of another network', () => {
  test('is refused with everything that does not fit, and what it looks like', async () => {
    const filled = fill(resnet18, namedOf(statesOf(config('resnet50'))), {
      file: 'model.pth',
      arch: 'resnet18',
      looksLike: 'resnet50',
    })
    const error = await filled.catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(CheckpointError)
    const lines = String(error).split('\n')
    expect(lines[0]).toBe(
      'CheckpointError: model.pth does not hold resnet18: 165 unexpected, 24 of another shape. The file looks like resnet50; try --arch resnet50.',
    )
    expect(lines).toContain('    layer1.0.conv3.weight')
    expect(lines).toContain('    layer1.0.conv1.weight is [64, 64, 1, 1], resnet18 needs [64, 64, 3, 3]')
    expect(lines).toContain('    and 153 more')
    expect(lines.length).toBe(29)
  })

  test('names the missing, the unexpected and the mis-shaped together', () => {
    const shapes = new Map(without(/^bn1\.running_mean$/))
    shapes.set('layer4.1.bn2.weight', [256])
    shapes.set('layer1.0.auxiliary.weight', [9, 9])
    const fit = fitOf(namedOf(shapes), states)
    expect(explainMisfit(fit, { file: 'f', arch: 'resnet18' })).toBe(
      [
        'f does not hold resnet18: 1 missing, 1 unexpected, 1 of another shape.',
        '  missing:',
        '    bn1.running_mean',
        '  unexpected:',
        '    layer1.0.auxiliary.weight',
        '  of another shape:',
        '    layer4.1.bn2.weight is [256], resnet18 needs [512]',
      ].join('\n'),
    )
  })
})
