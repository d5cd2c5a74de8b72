import { execFileSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { shellPath, shellWord } from './shell.ts'

describe('a word of a command line', () => {
  test.each([
    ['runs/photos-2', 'runs/photos-2'],
    ['my photos', '"my photos"'],
    ['Fotos für Oma', '"Fotos für Oma"'],
    ['C:\\Users\\me\\my photos', '"C:\\Users\\me\\my photos"'],
    ['photos\\', "'photos\\'"],
    ["Anna's", '"Anna\'s"'],
    ['cost $5', "'cost $5'"],
    ['say "hi"', `'say "hi"'`],
    [`it's $5`, `'it'\\''s $5'`],
    ['', '""'],
    ['~', '"~"'],
    ['a;rm -rf b', '"a;rm -rf b"'],
  ])('%s is written %s', (word, written) => {
    expect(shellWord(word)).toBe(written)
  })

  test('a path that begins with a dash is no option', () => {
    expect(shellPath('-photos')).toBe('./-photos')
    expect(shellPath('-my photos')).toBe('"./-my photos"')
  })

  test.skipIf(process.platform === 'win32')('is read by a shell as it was, whatever it is', () => {
    const letters = fc.constantFrom(...'ab \'"$`\\!*?~;&|<>(){}[]#%=-\n\tü'.split(''))
    const words = fc.array(fc.string({ unit: letters, maxLength: 12 }), { minLength: 20, maxLength: 20 })
    fc.assert(
      fc.property(words, (given) => {
        const line = `printf '%s\\0' ${given.map(shellWord).join(' ')}`
        const read = execFileSync('sh', ['-c', line], { encoding: 'utf8' }).split('\0').slice(0, -1)
        expect(read).toEqual(given)
      }),
      { numRuns: 20 },
    )
  })
})
