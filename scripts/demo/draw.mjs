// Draws the labelled pictures that the demo learns from: shapes and textures of any colour, place, size and direction,
// over a gradient, among strokes and blobs that mean nothing, under noise. The same seed draws the same pictures.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { Random } from '../../dist/images/augment/random.js'
import { shapes, textures } from './kinds.mjs'

/** Width and height of a picture. */
export const size = 32

/** What the pictures show: the names of the classes. */
export const kinds = [...Object.keys(shapes), ...Object.keys(textures)]

/** Pictures at work at once, so that all threads of sharp have something to do. */
const together = 32

/**
 * Draws `train` and `test` pictures of each kind into `out/train/KIND` and `out/test/KIND`. Returns how many there are.
 */
export async function drawShapes({ out, train, test, seed }) {
  const splits = [
    ['train', train],
    ['test', test],
  ]
  const tasks = splits.flatMap(([split, count], half) =>
    kinds.flatMap((kind) =>
      Array.from({ length: count }, (_, index) => ({
        kind,
        file: join(out, split, kind, `${String(index + 1).padStart(4, '0')}.png`),
        place: [half, index],
      })),
    ),
  )
  for (const [split] of splits)
    for (const kind of kinds) await mkdir(join(out, split, kind), { recursive: true })
  for (let at = 0; at < tasks.length; at += together) {
    const some = tasks.slice(at, at + together)
    await Promise.all(
      some.map(async ({ kind, file, place }) => writeFile(file, await drawPicture(kind, seed, ...place))),
    )
  }
  return tasks.length
}

/**
 * The PNG file of one picture of a kind. `counters` name it, and the same ones draw the same picture: the seed, then 0 for
 * the training set, 1 for the test set and any other number for new pictures, then which one it is.
 */
export async function drawPicture(kind, ...counters) {
  const random = new Random(kinds.indexOf(kind), ...counters)
  const svg = Buffer.from(sceneOf(kind, random))
  const { data } = await sharp(svg).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  addNoise(data, random)
  const raw = { width: size, height: size, channels: 3 }
  return sharp(data, { raw }).png().toBuffer()
}

/** The scene lies in a square of 100 by 100 about the origin. */
function sceneOf(kind, random) {
  const back = random.between(10, 90)
  // Nearer to black than to white or the other way round, but always told from what is behind.
  const front = back < 50 ? random.between(back + 32, 100) : random.between(0, back - 32)
  const drawing = Object.hasOwn(shapes, kind)
    ? placed(shapes[kind](random), random.between(22, 38), 14, random)
    : placed(textures[kind](random), random.between(16, 28), 20, random)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}" viewBox="-50 -50 100 100">`,
    background(back, random),
    clutter(random.integer(5), back, random),
    `<g color="${colour(front, random)}" fill="currentColor">${drawing}</g>`,
    clutter(random.integer(3), back, random),
    '</svg>',
  ].join('')
}

function background(lightness, random) {
  const stop = (offset, shift) =>
    `<stop offset="${offset}" stop-color="${colour(lightness + shift, random)}"/>`
  const turn = random.between(0, 360)
  return (
    `<linearGradient id="back" gradientTransform="rotate(${turn} 0.5 0.5)">${stop(0, -10)}${stop(1, 10)}</linearGradient>` +
    '<rect x="-50" y="-50" width="100" height="100" fill="url(#back)"/>'
  )
}

/** Somewhere near the middle, turned, and a little out of proportion. */
function placed(drawing, scale, far, random) {
  const [x, y] = [random.between(-far, far), random.between(-far, far)]
  const [stretch, lean] = [random.between(0.85, 1.18), random.between(-10, 10)]
  const turn = random.between(0, 360)
  return `<g transform="translate(${x} ${y}) rotate(${turn}) skewX(${lean}) scale(${scale * stretch} ${scale / stretch})">${drawing}</g>`
}

/** Strokes and small blobs. */
function clutter(count, lightness, random) {
  const where = () => `${random.between(-50, 50)} ${random.between(-50, 50)}`
  const one = () => {
    const paint = colour(lightness + random.between(-45, 45), random)
    return random.chance(0.6)
      ? `<path d="M${where()} Q${where()} ${where()}" fill="none" stroke="${paint}" stroke-width="${random.between(2, 6)}"/>`
      : `<ellipse rx="${random.between(3, 10)}" ry="${random.between(3, 7)}" fill="${paint}" transform="translate(${where()}) rotate(${random.between(0, 180)})"/>`
  }
  return Array.from({ length: count }, one).join('')
}

function colour(lightness, random) {
  const share = Math.min(100, Math.max(0, lightness))
  return `hsl(${random.between(0, 360)}, ${random.between(20, 90)}%, ${share}%)`
}

/** Noise of a strength of the picture's own. */
function addNoise(pixels, random) {
  const most = random.between(5, 38)
  for (let i = 0; i < pixels.length; i++)
    pixels[i] = Math.min(255, Math.max(0, pixels[i] + random.between(-most, most)))
}
