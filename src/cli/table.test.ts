import { expect, test } from 'vitest'
import { formatBytes, formatDifference, formatDuration, formatMacs, formatShort } from '../analysis/format.ts'
import { inColour } from './output.ts'
import { cutTo, displayWidth, formatTable, left, right, wrapping } from './table.ts'

test('columns line up beside wide and combining characters', () => {
  const lines = formatTable(
    [
      { title: 'class', align: 'left' },
      { title: 'images', align: 'right' },
    ],
    [
      ['cat', '12'],
      ['猫', '7'],
      ['cafe\u0301', '100'],
      ['🐈‍⬛', '3'],
    ],
  )
  expect(lines).toEqual([
    'class  images',
    'cat        12',
    '猫          7',
    'cafe\u0301      100',
    '🐈‍⬛          3',
  ])
})

test('text is cut by cells, not by characters', () => {
  expect(displayWidth('黒猫')).toBe(4)
  expect(cutTo('黒猫と犬', 6)).toBe('黒猫…')
  expect(cutTo('short', 6)).toBe('short')
})

test('numbers keep three digits and a unit', () => {
  expect(formatShort(999)).toBe('999')
  expect(formatShort(999_500)).toBe('1.00 M')
  expect(formatMacs(4_089_184_256)).toBe('4.09 G multiply-adds')
  expect(formatBytes(9_633_792)).toBe('9.63 MB')
  expect(formatBytes(12)).toBe('12 bytes')
})

test('differences have a sign and a share', () => {
  expect(formatDifference(100, 106, String)).toBe('+6 (+6.0 %)')
  expect(formatDifference(100, 50, String)).toBe('−50 (−50.0 %)')
  expect(formatDifference(5, 5, String)).toBe('same')
  expect(formatDifference(0, 5, String)).toBe('+5')
})

test('durations', () => {
  expect(formatDuration(3.2)).toBe('4 s')
  expect(formatDuration(125)).toBe('2:05')
  expect(formatDuration(3723)).toBe('1:02:03')
})

test('a column that wraps gives up what a line has too much, and is broken between words', () => {
  const rows = [['layer1', 'one two three four five', '7']]
  const lines = formatTable([left('name'), wrapping('what it does'), right('n')], rows, { width: 25 })
  expect(lines).toEqual(['name    what it does    n', 'layer1  one two three   7', '        four five'])
  expect(formatTable([wrapping('x')], [['abcdefghijklmno']], { width: 10 })).toEqual([
    'x',
    'abcdefghij',
    'klmno',
  ])
})

test.each([
  [{}, false, false],
  [{}, true, true],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '' }, true, true],
  [{ FORCE_COLOR: '0' }, true, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
  [{ NO_COLOR: '', FORCE_COLOR: '3' }, false, true],
])('with %j and a terminal %s there are colours: %s', (environment, terminal, colours) => {
  expect(inColour(environment, terminal)).toBe(colours)
})
