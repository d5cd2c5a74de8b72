/**
 * JSON from a file that is not trusted. `JSON.parse` keeps the last of two equal keys, so that two readers may see two
 * models in one file; here they are refused, and so is nesting deeper than anything that a checkpoint needs.
 */
import { jsonSizeOf } from '../../bounded/json.ts'
import { CheckpointError } from '../../errors.ts'
import type { PlainValue } from '../checkpoint.ts'
import { limits } from './limits.ts'
import { quote } from './names.ts'

/** Parses UTF-8 text; `where` names the text in messages. Throws `CheckpointError`. */
export function parseJson(bytes: Uint8Array, where: string): unknown {
  checkSize(bytes, where)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new CheckpointError(`${where} is not UTF-8 text; the file is damaged or not what it claims to be`, {
      cause: error,
    })
  }
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new CheckpointError(`${where} is not valid JSON; the file is damaged or truncated`, {
      cause: error,
    })
  }
  checkKeys(text, where)
  return value
}

/** An object of parsed JSON as entries, so that a key such as `__proto__` is a key like others. */
export function jsonObject(value: unknown, where: string): ReadonlyMap<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CheckpointError(`${where} must be a JSON object`)
  }
  return new Map(Object.entries(value))
}

/** An array of parsed JSON. */
export function jsonArray(value: unknown, where: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new CheckpointError(`${where} must be a JSON array`)
  return value
}

/** A string of parsed JSON. */
export function jsonString(value: unknown, where: string): string {
  if (typeof value !== 'string') throw new CheckpointError(`${where} must be a JSON string`)
  return value
}

/** Parsed JSON as plain data, objects as maps. */
export function plainJson(value: unknown): PlainValue {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return value
  if (Array.isArray(value)) return value.map(plainJson)
  return new Map(Object.entries(Object(value)).map(([key, entry]) => [key, plainJson(entry)]))
}

/** Texts by name, those that are JSON parsed. */
export function plainMetadata(metadata: ReadonlyMap<string, string>): Map<string, PlainValue> {
  const plain = [...metadata].map(([key, text]): [string, PlainValue] => {
    if (!/^\s*[[{]/.test(text)) return [key, text]
    try {
      return [key, plainJson(parseJson(new TextEncoder().encode(text), key))]
    } catch (error) {
      if (error instanceof CheckpointError) return [key, text]
      throw error
    }
  })
  return new Map(plain)
}

/** Before the text becomes a value: a text of brackets takes fifty times its size. */
function checkSize(bytes: Uint8Array, where: string): void {
  const { depth, values } = jsonSizeOf(bytes)
  if (depth > limits.depth) throw new CheckpointError(`${where} nests deeper than ${limits.depth} levels`)
  if (values > limits.jsonValues)
    throw new CheckpointError(`${where} holds more than ${limits.jsonValues} values`)
}

/** Walks a text that `JSON.parse` has accepted: a string is a key exactly when a colon follows. */
function checkKeys(text: string, where: string): void {
  const open: Set<string>[] = []
  for (let at = 0; at < text.length; at++) {
    const character = text[at]
    if (character === '{' || character === '[') {
      open.push(new Set())
    } else if (character === '}' || character === ']') {
      open.pop()
    } else if (character === '"') {
      const end = endOfString(text, at)
      let next = end
      while (/\s/.test(text[next] ?? '')) next++
      if (text[next] === ':') addKey(open.at(-1), text.slice(at, end), where)
      at = next - 1
    }
  }
}

function endOfString(text: string, begin: number): number {
  let at = begin + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at + 1
}

function addKey(keys: Set<string> | undefined, quoted: string, where: string): void {
  const key: unknown = JSON.parse(quoted)
  if (keys === undefined || typeof key !== 'string') return
  if (keys.has(key)) {
    throw new CheckpointError(
      `${where} has the key ${quote(key)} twice; readers would not agree on its value`,
    )
  }
  keys.add(key)
}
