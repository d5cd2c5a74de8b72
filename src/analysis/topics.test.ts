/** Every field of a config has a topic that speaks of it in plain English. */
import { expect, test } from 'vitest'
import { changed } from '../architecture/change.ts'
import { configParts } from '../architecture/usual.ts'
import { config, variants } from '../architecture/variants.ts'
import { configDifferences } from './compare.ts'
import { sentencesOf, speaksOf, topics } from './topics.ts'

/** Paths of all fields of all named networks, and of every kind of every part. */
const paths = new Set(
  [
    ...variants().map((variant) => variant.config),
    ...configParts.flatMap((part) =>
      'kinds' in part && !part.at.includes('*') && part.at !== 'shortcut.combine'
        ? Object.keys(part.kinds).map((kind) => changed(config('resnet50'), { [`${part.at}.kind`]: kind }))
        : [],
    ),
  ].flatMap((other) => [
    ...configDifferences(config('resnet50'), other).map(({ key }) => key),
    ...configDifferences(config('resnet20'), other).map(({ key }) => key),
  ]),
)

test('every field has a topic', () => {
  expect(paths.size).toBeGreaterThan(50)
  expect([...paths].filter((path) => !topics.some((topic) => speaksOf(topic, path)))).toEqual([])
})

test('two named networks that are not the same have a sentence', () => {
  const all = variants()
  for (const [index, a] of all.entries()) {
    // Each with its neighbours, which differ least, and with one from afar.
    for (const b of [all[index + 1], all[index + 2], all[(index + 97) % all.length]]) {
      if (b === undefined) continue
      const differing = configDifferences(a.config, b.config).map(({ key }) => key)
      const sentences = sentencesOf(a, b, differing)
      expect(sentences.length > 0, `${a.name} and ${b.name} differ in ${differing.join(', ')}`).toBe(
        differing.length > 0,
      )
      for (const sentence of sentences) expect(sentence).not.toMatch(/undefined|NaN|\[object|null/)
    }
  }
})

test('each kind of each part is told apart from the others', () => {
  for (const part of configParts) {
    if (!('kinds' in part) || part.at.includes('*')) continue
    const base = config(part.at.startsWith('shortcut') ? 'resnet20' : 'resnet50')
    const networks = Object.keys(part.kinds).map((kind) => ({
      name: kind,
      config: changed(base, { [`${part.at}.kind`]: kind }),
    }))
    for (const a of networks) {
      for (const b of networks) {
        if (a === b) continue
        const differing = configDifferences(a.config, b.config).map(({ key }) => key)
        expect(sentencesOf(a, b, differing), `${part.at} ${a.name} and ${b.name}`).not.toEqual([])
      }
    }
  }
})
