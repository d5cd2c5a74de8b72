import { expect, test } from 'vitest'
import { formatBytes, formatDifference, formatDuration, formatMacs, formatShort } from '../analysis/format.ts'
import { cutTo, displayWidth, formatTable } from './table.ts'

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
