/** Names beside circles: what is written can be read. */
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Circle, type Label, placeLabels } from './labels.ts'

const size = { width: 300, height: 200, fontSize: 10 }
const coordinates = { x: fc.integer({ min: 0, max: 300 }), y: fc.integer({ min: 0, max: 200 }) }
const circles = fc.array(
  fc.record({
    ...coordinates,
    radius: fc.integer({ min: 1, max: 18 }),
    text: fc.constantFrom('', 'fc', 'layer1.0.conv2 ×3'),
  }),
  { maxLength: 25 },
)

/** The line of text itself: letters as wide as those of DejaVu Sans on average, a little less high than the line. */
function boxOf({ text, x, y, align }: Label) {
  const width = text.length * 5.8
  const left = align === 'left' ? x : align === 'right' ? x - width : x - width / 2
  return { left, right: left + width, top: y - 4, bottom: y + 4 }
}

function isFree(
  box: ReturnType<typeof boxOf>,
  { x, y }: { readonly x: number; readonly y: number },
  radius: number,
) {
  const [across, down] = [Math.max(box.left - x, 0, x - box.right), Math.max(box.top - y, 0, y - box.bottom)]
  return Math.hypot(across, down) >= radius
}

test('labels cover neither each other, nor circles, nor what is taken, and stay within', () => {
  fc.assert(
    fc.property(circles, fc.array(fc.record(coordinates), { maxLength: 20 }), (given, taken) => {
      const boxes = placeLabels(given, { ...size, taken }).map(boxOf)
      for (const [index, box] of boxes.entries()) {
        expect(box.left >= 0 && box.right <= size.width && box.top >= 0 && box.bottom <= size.height).toBe(
          true,
        )
        expect(given.every((circle) => isFree(box, circle, circle.radius))).toBe(true)
        expect(taken.every((place) => isFree(box, place, 1))).toBe(true)
        const others = boxes.slice(index + 1)
        expect(
          others.some(
            (other) =>
              box.left < other.right &&
              other.left < box.right &&
              box.top < other.bottom &&
              other.top < box.bottom,
          ),
        ).toBe(false)
      }
    }),
  )
})

test('a circle in the open has its name to the right; the next ones where there is room', () => {
  const circle = (y: number): Circle => ({ x: 150, y, radius: 6, text: 'conv1' })
  const sides = placeLabels([circle(50), circle(56), circle(150)], { ...size, taken: [] })
  expect(sides.map(({ align }) => align)).toEqual(['left', 'right', 'left'])
  expect(placeLabels([circle(50)], { ...size, taken: [{ x: 165, y: 50 }] })).toMatchObject([
    { align: 'right' },
  ])
})
