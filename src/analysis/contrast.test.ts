import { expect, test } from 'vitest'
import { contrast } from './contrast.ts'

test.each([
  ['tells 10 classes apart', 'tells 1000 classes apart', 'A tells 10 classes apart; B 1000 classes apart.'],
  [
    'begins with three 3×3 convolutions to 32, 32 and 64 channels, the first with stride 2',
    'begins with three 3×3 convolutions to 64, 64 and 128 channels, the first with stride 2',
    'A begins with three 3×3 convolutions to 32, 32 and 64 channels, the first with stride 2; B to 64, 64 and 128 channels.',
  ],
  [
    'weighs the channels with 16 times fewer channels inside (in multiples of 8)',
    'weighs the channels with 4 times fewer channels inside (in multiples of 8)',
    'A weighs the channels with 16 times fewer channels inside (in multiples of 8); B with 4 times fewer channels inside.',
  ],
])('words that both share are said once: %s', (one, other, sentence) => {
  expect(contrast(['A', one], ['B', other])).toBe(sentence)
})

test.each([
  ['has no pool after the stem', 'halves the map after the stem by a 2×2 average'],
  [
    'splits into 32 groups, and is twice as wide inside',
    'splits into 64 groups, and is 4 times as wide inside',
  ],
])('both are said in full where they differ in more than one place: %s', (one, other) => {
  expect(contrast(['A', one], ['B', other])).toBe(`A ${one}; B ${other}.`)
})
