import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { namingSchemes } from './schemes.ts'
import { rule, template, translate } from './template.ts'

describe('name templates', () => {
  test('shift numbers between a name and its meaning', () => {
    const rules = [rule('conv{s+2}_block{b+1}_1_conv', 'layer{s+1}.{b}.conv1')]
    expect(translate(rules, 'conv3_block4_1_conv', 'theirs')).toBe('layer2.3.conv1')
    expect(translate(rules, 'layer2.3.conv1', 'ours')).toBe('conv3_block4_1_conv')
    expect(translate(rules, 'conv1_block4_1_conv', 'theirs')).toBeUndefined()
    expect(translate(rules, 'conv3_block4_1_convx', 'theirs')).toBeUndefined()
    expect(translate(rules, 'conv03_block4_1_conv', 'theirs')).toBeUndefined()
  })

  test("read Caffe's letters, and letters with numbers in deep stages", () => {
    const rules = [rule('res{s+2}{b:unit}_branch2{c:letter}', 'layer{s+1}.{b}.conv{c+1}')]
    expect(translate(rules, 'res4f_branch2b', 'theirs')).toBe('layer3.5.conv2')
    expect(translate(rules, 'res4b22_branch2c', 'theirs')).toBe('layer3.22.conv3')
    expect(translate(rules, 'res3b_branch2a', 'theirs')).toBe('layer2.1.conv1')
    expect(translate(rules, 'layer3.30.conv1', 'ours')).toBe('res4b30_branch2a')
  })

  test('of every scheme give back the numbers they are written with', () => {
    const templates = namingSchemes.flatMap(({ rules }) =>
      rules.flatMap(({ theirs, ours }) => [theirs, ours]),
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...templates),
        fc.array(fc.integer({ min: 0, max: 25 }), { minLength: 4, maxLength: 4 }),
        ({ text }, numbers) => {
          const compiled = template(text)
          const keys = ['s', 'b', 'c', 'i', 'j', 'k', 'p']
          const places = new Map(keys.map((key, i) => [key, numbers[i % 4] ?? 0]))
          const letters = /\{c\+?\d*:letter\}/.test(text) ? (places.get('c') ?? 0) <= 25 : true
          fc.pre(letters)
          const found = compiled.match(compiled.write(places))
          for (const [key, value] of found ?? [['missing', -1] as const]) expect(value).toBe(places.get(key))
        },
      ),
      { numRuns: 500 },
    )
  })
})
