/** Draws a class activation map over the picture that the network saw. */
import { cut, type Rectangle } from '../images/cut.ts'
import { type Picture, pictureFromPixels } from '../images/picture.ts'
import { resize } from '../images/resize.ts'
import type { ActivationMap } from './cam.ts'

/** Longer side, in pixels, that small pictures are enlarged to, or about: 32×32 pixels show nothing to a person. */
const wantedSide = 224

type Colour = readonly [red: number, green: number, blue: number]

/** Matplotlib's *inferno*, perceptually uniform from black to light yellow, at equal steps. */
const inferno: readonly Colour[] = [
  [0, 0, 4],
  [40, 11, 84],
  [101, 21, 110],
  [159, 42, 99],
  [212, 72, 66],
  [245, 125, 21],
  [250, 193, 39],
  [252, 255, 164],
]

/** How much of the colour covers the picture: less where the map has nothing to say. */
const opacity = { least: 0.45, greatest: 0.6 }

/** How far the picture's own colours fade to grey, so that the map's stand out; ITU-R 601 weighs them. */
const fading = 0.6
const greyWeights: Colour = [0.299, 0.587, 0.114]

/** The cells of a map, whatever class they are of. */
export type Cells = Pick<ActivationMap, 'width' | 'height' | 'values'>

/** The picture in the colours of the map: dark where nothing speaks for the class, light where most does. */
export function drawMap(picture: Picture, map: Cells): Picture {
  const large = enlarged(picture)
  return painted(large, strengthOf(map, large.width, large.height))
}

/**
 * The same over the whole picture at its own size, of which the network saw the part `seen`: what lies outside of it is as
 * dark as what says nothing.
 */
export function drawMapOver(picture: Picture, map: Cells, seen: Rectangle): Picture {
  const { width, height } = picture
  const strength = strengthOf(map, seen.width, seen.height)
  return painted(picture, cut(strength, { top: -seen.top, left: -seen.left, width, height }))
}

/** The map as a grey picture of this size. */
function strengthOf(map: Cells, width: number, height: number): Picture {
  const data = Uint8Array.from(map.values, (value) => Math.round(255 * value))
  return resize(pictureFromPixels({ width: map.width, height: map.height, data }), width, height, 'bicubic')
}

function painted({ width, height, data }: Picture, { data: strength }: Picture): Picture {
  const out = new Uint8Array(data.length)
  for (let i = 0; i < data.length; i += 3) {
    const value = (strength[i] ?? 0) / 255
    const grey = greyWeights.reduce((sum, weight, c) => sum + weight * (data[i + c] ?? 0), 0)
    const share = opacity.least + (opacity.greatest - opacity.least) * value
    colourAt(value).forEach((colour, c) => {
      const faded = (1 - fading) * (data[i + c] ?? 0) + fading * grey
      out[i + c] = Math.round((1 - share) * faded + share * colour)
    })
  }
  return { width, height, data: out }
}

/** A small picture with each pixel as a square of several. */
function enlarged(picture: Picture): Picture {
  const { width, height } = picture
  const factor = Math.max(1, Math.round(wantedSide / Math.max(width, height)))
  return factor === 1 ? picture : resize(picture, width * factor, height * factor, 'nearest')
}

/** The colour of a value from 0 to 1, between the two stops that it lies between. */
function colourAt(value: number): Colour {
  const position = value * (inferno.length - 1)
  const below = Math.min(Math.floor(position), inferno.length - 2)
  const [from, to] = [inferno[below] ?? [0, 0, 0], inferno[below + 1] ?? [0, 0, 0]]
  const between = (c: 0 | 1 | 2) => from[c] + (to[c] - from[c]) * (position - below)
  return [between(0), between(1), between(2)]
}
