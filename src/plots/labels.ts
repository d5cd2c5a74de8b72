/** Names beside the circles of a plot, where they cover neither each other nor anything else. */

export interface Circle {
  readonly x: number
  readonly y: number
  readonly radius: number
  /** What to write beside it; nothing where it is empty. */
  readonly text: string
}

export interface Place {
  readonly x: number
  readonly y: number
}

export interface Label {
  readonly text: string
  /** Where the line of text begins, has its middle or ends, by how it is aligned. */
  readonly x: number
  readonly y: number
  readonly align: 'left' | 'center' | 'right'
}

interface LabelOptions {
  readonly width: number
  readonly height: number
  readonly fontSize: number
  /** Other places that must stay free. */
  readonly taken: readonly Place[]
}

interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

/** Directions from a circle's middle, the one that reads best first. */
const directions: readonly (readonly [right: number, down: number])[] = [
  [1, 0],
  [-1, 0],
  [0, -1],
  [0, 1],
  [0.7, -0.7],
  [0.7, 0.7],
  [-0.7, -0.7],
  [-0.7, 0.7],
]

/** Labels in the order of the circles, as long as there is room for them. */
export function placeLabels(circles: readonly Circle[], options: LabelOptions): readonly Label[] {
  const placed: (Label & { readonly box: Box })[] = []
  for (const circle of circles.filter(({ text }) => text !== '')) {
    const free = directions
      .map((direction) => labelBeside(circle, direction, options.fontSize))
      .find(
        ({ box }) =>
          isWithin(box, options) &&
          !placed.some((other) => overlap(box, other.box)) &&
          !circles.some((other) => other !== circle && distance(box, other) < other.radius) &&
          !options.taken.some((place) => distance(box, place) < 2),
      )
    if (free !== undefined) placed.push(free)
  }
  return placed.map(({ box: _, ...label }) => label)
}

function labelBeside(
  { x, y, radius, text }: Circle,
  [right, down]: readonly [number, number],
  fontSize: number,
): Label & { readonly box: Box } {
  // Letters are a little wider than half their height, in the fonts that stand for sans-serif.
  const [halfWidth, halfHeight] = [0.31 * fontSize * text.length, 0.6 * fontSize]
  const gap = radius + 3
  const at = { x: x + right * gap, y: y + down * gap + Math.sign(down) * halfHeight }
  const middle = at.x + Math.sign(right) * halfWidth
  return {
    text,
    ...at,
    align: right === 0 ? 'center' : right > 0 ? 'left' : 'right',
    box: {
      left: middle - halfWidth,
      right: middle + halfWidth,
      top: at.y - halfHeight,
      bottom: at.y + halfHeight,
    },
  }
}

function isWithin({ left, right, top, bottom }: Box, { width, height }: LabelOptions): boolean {
  return left >= 0 && right <= width && top >= 0 && bottom <= height
}

function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}

/** From a box to a place; 0 within. */
function distance({ left, right, top, bottom }: Box, { x, y }: Place): number {
  return Math.hypot(Math.max(left - x, 0, x - right), Math.max(top - y, 0, y - bottom))
}
