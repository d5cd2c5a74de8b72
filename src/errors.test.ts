/** What callers tell errors apart by. */
import { expect, test } from 'vitest'
import * as errors from './errors.ts'

test('each error is called as its class is written, whatever a minifier makes of the class', () => {
  const { ConfigError, ResNetError, systemCode: _, ...others } = errors
  const kinds = Object.entries(others)
  expect(kinds.length).toBeGreaterThan(9)
  expect(String(new ConfigError('stem', 'is none'))).toBe('ConfigError: stem: is none')
  for (const [name, Kind] of kinds) {
    class a extends Kind {}
    expect(String(new a('what'))).toBe(`${name}: what`)
    expect(new a('what')).toBeInstanceOf(ResNetError)
  }
})
