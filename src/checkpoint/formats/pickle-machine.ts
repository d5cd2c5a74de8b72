/** The state of the pickle machine: a stack of values with marks, and a memo. */
import { limits } from './limits.ts'
import { quote } from './names.ts'
import type { PickleCursor } from './pickle-cursor.ts'
import { describeValue, type PickleDict, type PickleInert, type PickleValue } from './pickle-values.ts'

/** What the machine may know beyond containers: the functions and storages of PyTorch. */
export interface PickleHost {
  /** Whether the class or function may be named without a word to the user. */
  knows(name: string): boolean
  /** What a call of a class or function gives; `undefined` leaves an inert value. */
  call(name: string, args: readonly PickleValue[]): PickleValue | undefined
  /** What a persistent id stands for; `undefined` where it is malformed. */
  persistent(id: PickleValue): PickleValue | undefined
}

export class PickleMachine {
  readonly cursor: PickleCursor
  readonly host: PickleHost
  /** Names of unknown classes and functions, in order of appearance. */
  readonly inert = new Set<string>()
  readonly #stack: PickleValue[] = []
  readonly #marks: number[] = []
  readonly #memo = new Map<number, PickleValue>()
  #copied = 0

  constructor(cursor: PickleCursor, host: PickleHost) {
    this.cursor = cursor
    this.host = host
  }

  push(value: PickleValue): void {
    if (this.#stack.length >= limits.pickleValues) {
      this.cursor.fail(`stacks more than ${limits.pickleValues} values`)
    }
    this.#stack.push(value)
  }

  pop(): PickleValue {
    const value = this.#stack.pop()
    if (value === undefined || this.#stack.length < (this.#marks.at(-1) ?? 0)) {
      return this.cursor.fail('takes a value from an empty stack; the file is damaged')
    }
    return value
  }

  top(): PickleValue {
    const value = this.pop()
    this.#stack.push(value)
    return value
  }

  mark(): void {
    if (this.#marks.length >= limits.depth) this.cursor.fail(`nests deeper than ${limits.depth} levels`)
    this.#marks.push(this.#stack.length)
  }

  /** Everything above the last mark, which goes. */
  popToMark(): PickleValue[] {
    const mark = this.#marks.pop()
    if (mark === undefined)
      return this.cursor.fail('closes a group that it did not open; the file is damaged')
    return this.#stack.splice(mark)
  }

  /** POP also takes a mark off, where one is on top. */
  drop(): void {
    if (this.#marks.at(-1) === this.#stack.length) this.#marks.pop()
    else this.pop()
  }

  put(index: number | bigint): void {
    const known = typeof index === 'number' && index >= 0
    if (!known || this.#memo.size >= limits.pickleValues) {
      this.cursor.fail(`memorises more than ${limits.pickleValues} values, or under a bad number`)
    } else {
      this.#memo.set(index, this.top())
    }
  }

  memoize(): void {
    this.put(this.#memo.size)
  }

  get(index: number | bigint): void {
    const value = this.#memo.get(Number(index))
    if (value === undefined) this.cursor.fail(`recalls value ${index}, which it never memorised`)
    else this.push(value)
  }

  global(module: string, name: string): void {
    const full = printable(`${pythonThree(module)}.${name}`)
    if (!this.host.knows(full)) this.inert.add(full)
    this.push({ kind: 'global', name: full })
  }

  /** What `callee(*args)` would be. */
  call(callee: PickleValue, args: readonly PickleValue[]): PickleValue {
    const plain = typeof callee !== 'object' || callee === null || callee instanceof Uint8Array
    if (plain || (callee.kind !== 'global' && callee.kind !== 'inert')) {
      return this.cursor.fail(`calls ${describeValue(callee)}; the file is damaged`)
    }
    const inert: PickleInert = { kind: 'inert', name: callee.name, args, state: null }
    if (callee.kind === 'inert') return inert
    this.#charge(args)
    return this.host.call(callee.name, args) ?? inert
  }

  /** Calls copy their arguments, and the memo hands out the same ones again and again: their sum has a limit. */
  #charge(args: readonly PickleValue[]): void {
    for (const arg of args) {
      if (typeof arg === 'string' || arg instanceof Uint8Array) this.#copied += arg.length
      else if (isKind(arg, 'list') || isKind(arg, 'tuple')) this.#copied += 64 * arg.items.length
      else if (isKind(arg, 'dict')) this.#copied += 64 * arg.entries.size
    }
    if (this.#copied > limits.pickleBytes) this.cursor.fail('copies the same values over and over')
  }

  append(items: readonly PickleValue[]): void {
    const target = this.top()
    if (isKind(target, 'list')) for (const item of items) target.items.push(item)
    else if (!isKind(target, 'inert'))
      this.cursor.fail(`appends to ${describeValue(target)}; the file is damaged`)
  }

  setItems(pairs: readonly PickleValue[]): void {
    const target = this.top()
    if (isKind(target, 'dict')) setPairs(target.entries, pairs)
    else if (isKind(target, 'inert')) {
      target.entries ??= new Map()
      setPairs(target.entries, pairs)
    } else this.cursor.fail(`sets items of ${describeValue(target)}; the file is damaged`)
  }

  /** Attributes: kept on inert values, passed over on containers and tensors (`_metadata` of a state dict). */
  build(state: PickleValue): void {
    const target = this.top()
    if (isKind(target, 'inert')) {
      // Two values are the attributes and those of slots.
      const pair = isKind(state, 'tuple') && state.items.length === 2
      target.state = pair ? (state.items[0] ?? null) : state
    } else if (!isKind(target, 'dict') && !isKind(target, 'list') && !isKind(target, 'tensor')) {
      this.cursor.fail(`sets attributes of ${describeValue(target)}; the file is damaged`)
    }
  }
}

/** Whether a value is a container, tensor, ... of that kind. */
export function isKind<K extends Extract<PickleValue, { kind: string }>['kind']>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleValue, { kind: K }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === kind
}

/** A dict of keys and values that follow each other. */
export function dictOf(pairs: readonly PickleValue[]): PickleDict {
  const dict: PickleDict = { kind: 'dict', entries: new Map() }
  setPairs(dict.entries, pairs)
  return dict
}

function setPairs(entries: Map<PickleValue, PickleValue>, pairs: readonly PickleValue[]): void {
  for (let i = 0; i + 1 < pairs.length; i += 2) entries.set(pairs[i] ?? null, pairs[i + 1] ?? null)
}

/** Names stand in messages and notes, so those that do not print come quoted. */
function printable(name: string): string {
  return /^[\x20-\x7e]{1,160}$/.test(name) ? name : quote(name)
}

/** Modules that Python 3 renamed. */
function pythonThree(module: string): string {
  if (module === '__builtin__') return 'builtins'
  return module === 'copy_reg' ? 'copyreg' : module
}
