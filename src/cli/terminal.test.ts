/** Nothing that comes from outside steers a terminal. */
import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { formatTable, left } from './table.ts'
import { marks, unmarked, write, writeStyled, written, writtenInLine } from './terminal.ts'

/** Every control, format and surrogate code point, and the two separators of lines. */
const steering = Array.from({ length: 0x110000 }, (_, code) => code).filter((code) =>
  /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u.test(String.fromCodePoint(code)),
)

/** What a stream would show. */
function shown(text: string, print = writeStyled): string {
  const given: string[] = []
  print({ write: (piece: string | Uint8Array) => given.push(String(piece)) > 0 }, text)
  return given.join('')
}

describe('every character that could steer a terminal', () => {
  test('is written out, but for ends of lines and tabs', () => {
    expect(steering.length).toBeGreaterThan(2200)
    for (const code of steering) {
      const character = String.fromCodePoint(code)
      if (character === '\n' || character === '\t') continue
      expect(written(`a${character}b`), code.toString(16)).toMatch(/^a(\\u[0-9a-f]{4}){1,2}b$/)
    }
  })

  test('means the same in a JSON text', () => {
    for (const code of steering) {
      const value = { label: `a${String.fromCodePoint(code)}b` }
      const text = written(JSON.stringify(value))
      expect(JSON.parse(text)).toEqual(value)
      expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u)
    }
  })

  test('leaves letters of all scripts as they are', () => {
    for (const text of ['Café', '猫と犬', 'кот', 'عربي', '🐈', '👩‍🔬', 'می‌خواهم', 'a\\u001b'])
      expect(written(text)).toBe(text)
  })
})

test('nothing in the command writes to a stream but here', () => {
  const folder = new URL('.', import.meta.url)
  const writers = readdirSync(folder)
    .filter((file) => file.endsWith('.ts') && !file.includes('.test.') && file !== 'terminal.ts')
    .filter((file) => /\bstd(out|err)\.write\b|console\./.test(readFileSync(new URL(file, folder), 'utf8')))
  expect(writers).toEqual([])
})

test('a cell of a table stays in its line, and the columns line up', () => {
  const lines = formatTable(
    [left('class'), left('file')],
    [
      ['a\nb\u001b[2J', 'x'],
      ['longer than that name', 'y'],
    ],
  )
  expect(lines).toHaveLength(3)
  expect(new Set(lines.slice(1).map((line) => line.length)).size).toBe(1)
  expect(writtenInLine('a\tb')).toBe('a\\u0009b')
})

test('our own styles are sequences at the very end, and take no room', () => {
  const text = `${marks.bold}name${marks.end} \u001b[31m`
  expect(shown(text)).toBe('\u001b[1mname\u001b[22m \\u001b[31m')
  expect(unmarked(text)).toBe('name \u001b[31m')
})

test('a mark from outside is written out where no style is ours, so JSON stays JSON', () => {
  const value = { label: `${marks.bold}cat${marks.end}` }
  const text = shown(JSON.stringify(value), write)
  for (const outside of [marks.bold, marks.end, '\u001b']) expect(text).not.toContain(outside)
  expect(JSON.parse(text)).toEqual(value)
})
