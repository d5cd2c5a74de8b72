import { describe, expect, test } from 'vitest'
import { croppedTo, parsePreprocessing, preprocessingNamed, preprocessingNames } from './preprocessing.ts'

describe('preprocessing', () => {
  test.each(preprocessingNames)('%s survives JSON and its own parser', (name) => {
    const preset = preprocessingNamed(name)
    expect(parsePreprocessing(JSON.parse(JSON.stringify(preset)))).toEqual(preset)
  })

  test('another input size keeps the proportion of crop and resize', () => {
    expect(preprocessingNamed('torch-imagenet', [299, 299])).toMatchObject({
      crop: [299, 299],
      resize: { kind: 'short-side', size: 342 },
    })
    expect(preprocessingNamed('cifar10', [224, 224]).resize.size).toBe(224)
    const preset = preprocessingNamed('caffe-imagenet')
    expect(croppedTo(preset, [224, 224])).toBe(preset)
  })

  test.each([
    [{ channels: 'grb' }, 'preprocessing.channels: must be one of rgb, bgr, not "grb"'],
    [{ std: [1, 0, 1] }, 'preprocessing.std.1: must be greater than 0, not 0'],
    [{ mean: [] }, 'preprocessing.mean: must hold one number for each channel, not []'],
    [{ mean: [1] }, 'preprocessing: must have as many numbers in std as in mean'],
    [{ crop: [224] }, 'preprocessing.crop.1: must be a whole number from 1 to 16384, not nothing'],
    [{ scale: 3 }, 'preprocessing.scale: is not a field of a preprocessing'],
    [{ divisor: null }, 'preprocessing.divisor: must be a number, not null'],
  ])('%j is refused by name', (change, message) => {
    const value = { ...preprocessingNamed('torch-imagenet'), ...change }
    expect(() => parsePreprocessing(value)).toThrow(message)
  })
})
