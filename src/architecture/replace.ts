/** Fields of a JSON value replaced by dotted keys, where a part whose kind changes takes the new kind's other fields too. */
import { ConfigError } from '../errors.ts'

export type Changes = Readonly<Record<string, unknown>>

type Fields = Readonly<Record<string, unknown>>

type OfKind<U, K> = U extends { readonly kind: infer Q } ? (K extends Q ? Omit<U, 'kind'> : never) : never

/** For each kind of a union the values that its other fields usually have. */
export type UsualFields<U extends { readonly kind: string }> = {
  readonly [K in U['kind']]: OfKind<U, K>
}

/** A part of a JSON value whose fields depend on its kind (one kind at a time), or that may be null. */
export type Part = {
  /** Where it stands; `*` is any place of a list. */
  readonly at: string
} & (
  | {
      /** The usual fields of each kind. */
      readonly kinds: Readonly<Record<string, Fields>>
      /** Fields that mean the same in every kind that has them, and so outlive a change of kind. */
      readonly kept: readonly string[]
    }
  | {
      /** What it usually holds where it is not null. */
      readonly fields: Fields
    }
)

/**
 * A JSON value with some of its fields replaced, not yet checked. Of several changes those of a kind come before those of
 * the kind's fields, in whatever order they are given.
 *
 * @throws ConfigError for a key that it does not have.
 */
export function replaced(value: unknown, changes: Changes, parts: readonly Part[]): unknown {
  return ordered(changes).reduce((now, [key, to]) => new Replacement(key, to, parts).in(now), value)
}

/** Puts the change of a kind in front of those fields of its part that were given before it. */
function ordered(changes: Changes): readonly (readonly [string, unknown])[] {
  const list: (readonly [string, unknown])[] = []
  for (const change of Object.entries(changes)) {
    const [key] = change
    const part = key.endsWith('.kind') ? key.slice(0, -'kind'.length) : undefined
    const first = part === undefined ? -1 : list.findIndex(([other]) => other.startsWith(part))
    list.splice(first === -1 ? list.length : first, 0, change)
  }
  return list
}

/** One field replaced. */
class Replacement {
  readonly #key: string
  readonly #path: readonly string[]
  readonly #to: unknown
  readonly #parts: readonly Part[]

  constructor(key: string, to: unknown, parts: readonly Part[]) {
    this.#key = key
    this.#path = key.split('.')
    this.#to = to
    this.#parts = parts
  }

  in(value: unknown, depth = 0): unknown {
    const head = this.#path[depth]
    if (head === undefined) return this.#to
    if (Array.isArray(value)) return this.#inList(value, head, depth)
    const part = this.#partAt(depth)
    const ofKind =
      head === 'kind' && depth === this.#path.length - 1 ? this.#otherKind(value, part) : undefined
    if (ofKind !== undefined) return ofKind
    const fields = this.#fieldsOf(value, part)
    // A stage may be given a block of its own; every other field is there already.
    if (!fields.has(head) && !(head === 'block' && this.#path[depth - 2] === 'stages')) {
      const kind = fields.has('kind') ? ` of the kind ${String(fields.get('kind'))}` : ''
      throw new ConfigError(
        this.#key,
        `there is no field "${head}" here; the fields${kind} are ${[...fields.keys()].join(', ')}`,
      )
    }
    fields.set(head, this.in(fields.get(head), depth + 1))
    return Object.fromEntries(fields)
  }

  #inList(list: readonly unknown[], head: string, depth: number): unknown {
    const index = /^\d+$/.test(head) ? Number(head) : list.length
    if (index >= list.length) {
      const range = list.length === 0 ? 'the list is empty' : `they are 0 to ${list.length - 1}`
      throw new ConfigError(this.#key, `there is no entry ${head}; ${range}`)
    }
    return list.map((entry, i) => (i === index ? this.in(entry, depth + 1) : entry))
  }

  #partAt(depth: number): Part | undefined {
    const here = this.#path.slice(0, depth)
    return this.#parts.find(({ at }) => {
      const pattern = at.split('.')
      return pattern.length === depth && pattern.every((name, i) => name === '*' || name === here[i])
    })
  }

  /** The part as another kind of itself; undefined where its kind stays, or is none that there is. */
  #otherKind(value: unknown, part: Part | undefined): Fields | undefined {
    if (part === undefined || !('kinds' in part) || typeof this.#to !== 'string') return undefined
    const old = new Map(isObject(value) ? Object.entries(value) : [])
    const usual = Object.hasOwn(part.kinds, this.#to) ? part.kinds[this.#to] : undefined
    if (usual === undefined || old.get('kind') === this.#to) return undefined
    const kept = part.kept.filter(
      (field) => old.has(field) && (field in usual || this.#isShared(part, field)),
    )
    return { kind: this.#to, ...usual, ...Object.fromEntries(kept.map((field) => [field, old.get(field)])) }
  }

  /** Whether no kind says anything of a field, since all have it. */
  #isShared(part: Extract<Part, { kinds: unknown }>, field: string): boolean {
    return Object.values(part.kinds).every((fields) => !(field in fields))
  }

  #fieldsOf(value: unknown, part: Part | undefined): Map<string, unknown> {
    if (isObject(value)) return new Map(Object.entries(value))
    if (value === null && part !== undefined) {
      if ('fields' in part) return new Map(Object.entries(part.fields))
      throw new ConfigError(
        this.#key,
        `${part.at} is null here; set ${part.at}.kind first, to one of ${Object.keys(part.kinds).join(', ')}`,
      )
    }
    throw new ConfigError(
      this.#key,
      `${JSON.stringify(value) ?? 'what is not there'} has no field "${this.#path.at(-1)}"`,
    )
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
