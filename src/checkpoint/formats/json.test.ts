import { expect, it } from 'vitest'
import { jsonArray, jsonObject, jsonString, parseJson } from './json.ts'

const parse = (text: string) => parseJson(new TextEncoder().encode(text), 'x.json')

it('parses what JSON.parse parses', () => {
  const text = '{"a": [1, {"b": "}\\"{:"}], "c\\u0041": null, "d": {"a": "a", "b": ":"}, "": [[], {}]}'
  expect(parse(text)).toEqual(JSON.parse(text))
})

it.each([
  ['{"a": 1, "a": 2}', '"a"'],
  ['{"x": [{"a" : 1, "\\u0061"\n: 2}]}', '"a"'],
  ['{"__proto__": 1, "b": {}, "__proto__": 2}', '"__proto__"'],
])('refuses the key that stands twice in %s', (text, key) => {
  expect(() => parse(text)).toThrow(`x.json has the key ${key} twice; readers would not agree on its value`)
})

it('keeps __proto__ an ordinary key', () => {
  const entries = jsonObject(parse('{"__proto__": {"polluted": true}}'), 'x.json')
  expect([...entries.keys()]).toEqual(['__proto__'])
  expect('polluted' in {}).toBe(false)
})

it('refuses nesting beyond 100 levels', () => {
  expect(() => parse(`${'['.repeat(101)}${']'.repeat(101)}`)).toThrow('x.json nests deeper than 100 levels')
  expect(() => parse('['.repeat(1_000_000))).toThrow('x.json nests deeper than 100 levels')
})

it('refuses more values than any checkpoint has, before they take memory', () => {
  for (const piece of ['0,', '{},', '[],']) {
    expect(() => parse(`[${piece.repeat(1_000_001)}0]`)).toThrow('x.json holds more than 1000000 values')
  }
})

it('refuses what is not JSON or not UTF-8', () => {
  expect(() => parse('{"a": NaN}')).toThrow('x.json is not valid JSON; the file is damaged or truncated')
  expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22), 'x.json')).toThrow('x.json is not UTF-8 text')
})

it('says which value is of another kind than expected', () => {
  expect(() => jsonObject([], 'x.json: a')).toThrow('x.json: a must be a JSON object')
  expect(() => jsonObject(null, 'x.json: a')).toThrow('x.json: a must be a JSON object')
  expect(() => jsonArray({}, 'x.json: b')).toThrow('x.json: b must be a JSON array')
  expect(() => jsonString(1, 'x.json: c')).toThrow('x.json: c must be a JSON string')
})

it('takes a string of megabytes without running out of stack', () => {
  const long = `{"a": "${'\\"x'.repeat(2_000_000)}"}`
  expect(Object.keys(Object(parse(long)))).toEqual(['a'])
})
