/**
 * Names as templates, so that a naming scheme is a table that can be printed and read in both directions:
 * `conv{s+2}_block{b+1}_1_conv` stands for `layer{s+1}.{b}.conv1`. A place is a number from 0 under a letter of its own;
 * `+2` is added when it is written. `{c:letter}` writes a, b, c; `{b:unit}` writes a, b, c or a, b1, b2 (Caffe).
 */

interface Place {
  readonly key: string
  readonly shift: number
  readonly style: 'number' | 'letter' | 'unit'
}

type Piece = string | Place

/** A compiled template. */
export interface Template {
  readonly text: string
  /** The numbers at its places where `name` has this form. */
  match(name: string): ReadonlyMap<string, number> | undefined
  /** The name with these numbers. */
  write(numbers: ReadonlyMap<string, number>): string
}

const patterns = { number: '(0|[1-9]\\d{0,4})', letter: '([a-z])', unit: '(b[1-9]\\d{0,2}|[a-z])' } as const

export function template(text: string): Template {
  const pieces = [...text.matchAll(/\{([^}]*)\}|[^{]+/g)].map(([whole, place]) =>
    place === undefined ? whole : placeOf(place),
  )
  const places = pieces.filter((piece) => typeof piece !== 'string')
  const [first = ''] = pieces
  const start = typeof first === 'string' ? first : ''
  const source = pieces.map((piece) => (typeof piece === 'string' ? literally(piece) : patterns[piece.style]))
  const pattern = new RegExp(`^${source.join('')}$`)
  return {
    text,
    match(name) {
      if (!name.startsWith(start)) return undefined
      const found = pattern.exec(name)
      if (found === null) return undefined
      const numbers = new Map(places.map((place, i) => [place.key, readPlace(place, found[i + 1] ?? '')]))
      return [...numbers.values()].some((value) => value < 0) ? undefined : numbers
    },
    write: (numbers) => pieces.map((piece) => writePiece(piece, numbers)).join(''),
  }
}

function placeOf(text: string): Place {
  const [key = '', style = 'number'] = text.split(':')
  const [name = '', shift = '0'] = key.split('+')
  return { key: name, shift: Number(shift), style: style === 'letter' || style === 'unit' ? style : 'number' }
}

function literally(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
}

function readPlace(place: Place, text: string): number {
  if (place.style === 'number') return Number(text) - place.shift
  return text.length > 1 ? Number(text.slice(1)) : text.charCodeAt(0) - 97 - place.shift
}

function writePiece(piece: Piece, numbers: ReadonlyMap<string, number>): string {
  if (typeof piece === 'string') return piece
  const value = (numbers.get(piece.key) ?? 0) + piece.shift
  if (piece.style === 'number') return String(value)
  return piece.style === 'unit' && value > 25 ? `b${value}` : String.fromCharCode(97 + value)
}

/** Two templates for the same layer: the source's name and ours. */
export interface Rule {
  readonly theirs: Template
  readonly ours: Template
}

export function rule(theirs: string, ours: string): Rule {
  return { theirs: template(theirs), ours: template(ours) }
}

/** The name on the other side of the first rule that knows `name`. */
export function translate(rules: readonly Rule[], name: string, from: 'theirs' | 'ours'): string | undefined {
  const to = from === 'theirs' ? 'ours' : 'theirs'
  for (const entry of rules) {
    const numbers = entry[from].match(name)
    if (numbers !== undefined) return entry[to].write(numbers)
  }
  return undefined
}
