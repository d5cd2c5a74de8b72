import { describe, expect, test } from 'vitest'
import { checkpointOf } from '../../test/checkpoint.ts'
import { sourceOfBytes } from './bytes.ts'
import type { PlainValue } from './checkpoint.ts'
import { classNamesOf, namesIn, namesInLines } from './class-names.ts'
import { plainJson } from './formats/json.ts'

const plain = (value: unknown): PlainValue => plainJson(JSON.parse(JSON.stringify(value)))
const extrasOf = (value: object) => new Map(Object.entries(value).map(([key, entry]) => [key, plain(entry)]))
const besideOf = (files: Readonly<Record<string, string>>) => async (name: string) =>
  Object.hasOwn(files, name) ? sourceOfBytes(name, Buffer.from(files[name] ?? '')) : undefined
const wanted = { classes: 3, background: false, assumed: [] }
const animals = ['cat', 'dog', 'eel']

describe('names of classes', () => {
  test.each([
    ['classes', { classes: animals }],
    ['class_names, in any case', { Class_Names: animals }],
    ['class_to_idx', { class_to_idx: { dog: 1, eel: 2, cat: 0 } }],
    ['idx_to_class', { idx_to_class: { 0: 'cat', 2: 'eel', 1: 'dog' } }],
    ['meta.CLASSES', { meta: { CLASSES: animals } }],
    ['hyper_parameters / data / class_names', { hyper_parameters: { data: { class_names: animals } } }],
    [
      'pairs as in Keras',
      {
        classes: [
          ['n1', 'cat'],
          ['n2', 'dog'],
          ['n3', 'eel'],
        ],
      },
    ],
    ['JavaScript’s own names among them', { class_to_idx: { constructor: 0, toString: 1, __proto__x: 2 } }],
  ])('are found in a file: %s', async (_, extras) => {
    const { labels, notes } = await classNamesOf(checkpointOf([], { extras: extrasOf(extras) }), wanted)
    expect(labels).toHaveLength(3)
    if (!('constructor' in (Object.values(extras)[0] ?? {}) && labels[0] === 'constructor'))
      expect(labels).toEqual(animals)
    expect(notes).toEqual([expect.stringMatching(/^classes named by .* in the file$/)])
  })

  test.each([
    [
      'config.json',
      '{"id2label": {"0": "cat", "1": "dog", "2": "eel"}}',
      'id2label in config.json beside it',
    ],
    ['config.json', '{"label_names": ["cat", "dog", "eel"]}', 'label_names in config.json beside it'],
    [
      'config.json',
      '{"pretrained_cfg": {"label_names": ["cat", "dog", "eel"]}}',
      'pretrained_cfg / label_names in config.json beside it',
    ],
    ['metadata.json', '{"labels": ["cat", "dog", "eel"]}', 'labels in metadata.json beside it'],
    ['class_indices.json', '{"cat": 0, "dog": 1, "eel": 2}', 'class_indices.json beside it'],
    ['labels.txt', 'cat\r\ndog\r\neel\r\n\r\n', 'labels.txt beside it'],
    ['classes.txt', '0 cat\n1 dog\n2 eel', 'classes.txt beside it'],
  ])('are found beside a file: %s %s', async (name, text, from) => {
    const checkpoint = checkpointOf([], { beside: besideOf({ [name]: text }) })
    expect(await classNamesOf(checkpoint, wanted)).toEqual({
      labels: animals,
      from,
      notes: [`classes named by ${from}`],
    })
  })

  test('that are not as many as the classes are said and not taken; those in the file go first', async () => {
    const beside = besideOf({ 'labels.txt': animals.join('\n') })
    const checkpoint = checkpointOf([], { beside, extras: extrasOf({ classes: ['a', 'b'] }) })
    expect(await classNamesOf(checkpoint, wanted)).toEqual({
      labels: animals,
      from: 'labels.txt beside it',
      notes: [
        'classes in the file names 2 classes, not the 3 of the network: not taken',
        'classes named by labels.txt beside it',
      ],
    })
  })

  test('of the caller must be as many as the classes', async () => {
    const names = classNamesOf(checkpointOf([]), { ...wanted, chosen: ['a'] })
    await expect(names).rejects.toThrow('test.safetensors: 1 names are given for its 3 classes')
  })

  test('are assumed last, and said', async () => {
    const assumed = [{ of: "CIFAR-10's", labels: animals }]
    expect((await classNamesOf(checkpointOf([]), { ...wanted, assumed })).notes).toEqual([
      "nothing names its 3 classes: CIFAR-10's are assumed, in their usual order; --labels gives other names",
    ])
  })

  test('of one score are those of no and yes; a background goes before a list', async () => {
    const extras = extrasOf({ classes: ['no', 'yes'] })
    const two = await classNamesOf(checkpointOf([], { extras }), { ...wanted, classes: 1 })
    expect(two.labels).toEqual(['no', 'yes'])
    const more = await classNamesOf(checkpointOf([], { extras }), { ...wanted, background: true })
    expect(more.labels).toEqual(['background', 'no', 'yes'])
  })

  test.each([
    ['what nobody named', { 0: 'LABEL_0', 1: 'LABEL_1' }],
    ['numbers of classes', 7],
    ['numbers that leave gaps', { cat: 0, dog: 2 }],
    ['numbers given twice', { cat: 0, dog: 0 }],
    ['values that are no names', [1, 2]],
    ['an empty list', []],
    ['empty names', ['', 'a']],
  ])('are not taken from %s', (_, value) => {
    expect(namesIn(plain(value))).toBeUndefined()
  })

  test('cannot command a terminal', () => {
    expect(namesIn(['a\u001b[2Jb', 'c'])).toEqual(['a [2Jb', 'c'])
    expect(namesInLines('\uFEFFa\nb')).toEqual(['a', 'b'])
  })
})
