/**
 * The opcodes of pickle, protocols 0 to 5 (CPython: `Lib/pickletools.py`), as a table. Those that reach beyond the file
 * (the extension registry, buffers handed over beside the pickle) are missing, and so refused.
 */

import { quote } from './names.ts'
import { pythonString } from './pickle-cursor.ts'
import { dictOf, isKind, type PickleMachine } from './pickle-machine.ts'
import type { PickleValue } from './pickle-values.ts'

type Step = (machine: PickleMachine) => void

/** What each opcode does, by its byte. STOP is the loop's. */
export const opcodes: ReadonlyMap<number, Step> = new Map<number, Step>([
  // protocol and frames
  [0x80, (m) => checkProtocol(m)],
  [0x95, (m) => void m.cursor.u64()],
  // stack and memo
  [code('('), (m) => m.mark()],
  [code('0'), (m) => m.drop()],
  [code('1'), (m) => void m.popToMark()],
  [code('2'), (m) => m.push(m.top())],
  [code('p'), (m) => m.put(m.cursor.decimal())],
  [code('q'), (m) => m.put(m.cursor.u8())],
  [code('r'), (m) => m.put(m.cursor.u32())],
  [0x94, (m) => m.memoize()],
  [code('g'), (m) => m.get(m.cursor.decimal())],
  [code('h'), (m) => m.get(m.cursor.u8())],
  [code('j'), (m) => m.get(m.cursor.u32())],
  // constants and numbers
  [code('N'), (m) => m.push(null)],
  [0x88, (m) => m.push(true)],
  [0x89, (m) => m.push(false)],
  [code('I'), (m) => m.push(integerOrBoolean(m))],
  [code('L'), (m) => m.push(m.cursor.decimal())],
  [code('J'), (m) => m.push(m.cursor.i32())],
  [code('K'), (m) => m.push(m.cursor.u8())],
  [code('M'), (m) => m.push(m.cursor.u16())],
  [0x8a, (m) => m.push(m.cursor.integer(m.cursor.u8()))],
  [0x8b, (m) => m.push(m.cursor.integer(m.cursor.u32()))],
  [code('F'), (m) => m.push(decimalFloat(m))],
  [code('G'), (m) => m.push(m.cursor.f64())],
  // strings and bytes
  [code('S'), (m) => m.push(quotedString(m))],
  [code('T'), (m) => m.push(m.cursor.text(m.cursor.u32()))],
  [code('U'), (m) => m.push(m.cursor.text(m.cursor.u8()))],
  [code('V'), (m) => m.push(escapedUnicode(m))],
  [code('X'), (m) => m.push(m.cursor.utf8(m.cursor.u32()))],
  [0x8c, (m) => m.push(m.cursor.utf8(m.cursor.u8()))],
  [0x8d, (m) => m.push(m.cursor.utf8(m.cursor.u64()))],
  [code('B'), (m) => m.push(new Uint8Array(m.cursor.bytes(m.cursor.u32())))],
  [code('C'), (m) => m.push(new Uint8Array(m.cursor.bytes(m.cursor.u8())))],
  [0x8e, (m) => m.push(new Uint8Array(m.cursor.bytes(m.cursor.u64())))],
  [0x96, (m) => m.push(new Uint8Array(m.cursor.bytes(m.cursor.u64())))],
  [0x98, (m) => void m.top()],
  // containers; a set is a list
  [code(')'), (m) => m.push({ kind: 'tuple', items: [] })],
  [code('t'), (m) => m.push({ kind: 'tuple', items: m.popToMark() })],
  [0x85, (m) => m.push({ kind: 'tuple', items: take(m, 1) })],
  [0x86, (m) => m.push({ kind: 'tuple', items: take(m, 2) })],
  [0x87, (m) => m.push({ kind: 'tuple', items: take(m, 3) })],
  [code(']'), (m) => m.push({ kind: 'list', items: [] })],
  [code('l'), (m) => m.push({ kind: 'list', items: m.popToMark() })],
  [0x8f, (m) => m.push({ kind: 'list', items: [] })],
  [0x91, (m) => m.push({ kind: 'list', items: m.popToMark() })],
  [code('}'), (m) => m.push({ kind: 'dict', entries: new Map() })],
  [code('d'), (m) => m.push(dictOf(m.popToMark()))],
  [code('a'), (m) => m.append(take(m, 1))],
  [code('e'), (m) => m.append(m.popToMark())],
  [0x90, (m) => m.append(m.popToMark())],
  [code('s'), (m) => m.setItems(take(m, 2))],
  [code('u'), (m) => m.setItems(m.popToMark())],
  // objects
  [code('c'), (m) => m.global(m.cursor.line(), m.cursor.line())],
  [0x93, (m) => stackGlobal(m)],
  [code('R'), (m) => callWith(m, 2)],
  [0x81, (m) => callWith(m, 2)],
  [0x92, (m) => callWith(m, 3)],
  [code('i'), (m) => instance(m)],
  [code('o'), (m) => object(m)],
  [code('b'), (m) => m.build(m.pop())],
  [code('Q'), (m) => persistent(m, m.pop())],
  [code('P'), (m) => persistent(m, m.cursor.line())],
])

function code(character: string): number {
  return character.charCodeAt(0)
}

function checkProtocol(m: PickleMachine): void {
  const protocol = m.cursor.u8()
  if (protocol > 5) m.cursor.fail(`uses pickle protocol ${protocol}; 0 to 5 are read`)
}

/** The last `count` values, oldest first. */
function take(m: PickleMachine, count: number): PickleValue[] {
  return Array.from({ length: count }, () => m.pop()).reverse()
}

/** Protocol 0 writes booleans as the integers 00 and 01. */
function integerOrBoolean(m: PickleMachine): PickleValue {
  const line = m.cursor.line()
  if (line === '00' || line === '01') return line === '01'
  const value = Number(line)
  if (!/^[+-]?\d{1,20}$/.test(line)) m.cursor.fail(`holds ${quote(line)} where an integer is expected`)
  return Number.isSafeInteger(value) ? value : BigInt(line)
}

function decimalFloat(m: PickleMachine): number {
  const line = m.cursor.line()
  const special = new Map([
    ['nan', Number.NaN],
    ['inf', Number.POSITIVE_INFINITY],
    ['-inf', Number.NEGATIVE_INFINITY],
  ]).get(line)
  if (special !== undefined) return special
  const value = Number(line)
  if (!/^[-+\d.e]{1,40}$/.test(line) || Number.isNaN(value)) {
    m.cursor.fail(`holds ${quote(line)} where a number is expected`)
  }
  return value
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
])

/** A string as Python 2 prints it, in quotes with escapes. */
function quotedString(m: PickleMachine): string {
  const line = m.cursor.line()
  const quoted = /^(['"])(.*)\1$/.exec(line)?.[2]
  if (quoted === undefined) return m.cursor.fail(`holds ${quote(line)} where a quoted string is expected`)
  const characters = quoted.replace(/\\(x[\da-f]{2}|.)/g, (_, coded: string) =>
    coded.length === 3
      ? String.fromCharCode(Number.parseInt(coded.slice(1), 16))
      : (escapes.get(coded) ?? coded),
  )
  return pythonString(Uint8Array.from(characters, (character) => character.charCodeAt(0)))
}

function escapedUnicode(m: PickleMachine): string {
  return m.cursor
    .line()
    .replace(/\\u([\da-f]{4})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)))
}

function stackGlobal(m: PickleMachine): void {
  const [module, name] = take(m, 2)
  if (typeof module !== 'string' || typeof name !== 'string')
    m.cursor.fail('names a class by something else than text')
  else m.global(module, name)
}

/** REDUCE and NEWOBJ take a callee and a tuple; NEWOBJ_EX also keywords, which no known class has. */
function callWith(m: PickleMachine, operands: 2 | 3): void {
  const [callee, args] = take(m, operands)
  if (isKind(args, 'tuple')) m.push(m.call(callee ?? null, args.items))
  else m.cursor.fail('calls with arguments that are not a tuple; the file is damaged')
}

function instance(m: PickleMachine): void {
  const [module, name] = [m.cursor.line(), m.cursor.line()]
  const args = m.popToMark()
  m.global(module, name)
  m.push(m.call(m.pop(), args))
}

function object(m: PickleMachine): void {
  const [callee, ...args] = m.popToMark()
  m.push(m.call(callee ?? null, args))
}

function persistent(m: PickleMachine, id: PickleValue): void {
  const value = m.host.persistent(id)
  if (value === undefined)
    m.cursor.fail('refers to a storage in a way that PyTorch does not; the file is damaged')
  else m.push(value)
}
