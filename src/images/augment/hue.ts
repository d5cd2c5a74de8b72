/** Hue turned around the circle, through Pillow's 8-bit HSV. */
import type { Picture } from '../picture.ts'

/** `turn` is a share of the circle. */
export function hue(picture: Picture, turn: number): Picture {
  const shift = Math.trunc(turn * 255)
  const data = new Uint8Array(picture.data.length)
  for (let i = 0; i < data.length; i += 3) {
    const [h, s, v] = toHsv(picture.data[i] ?? 0, picture.data[i + 1] ?? 0, picture.data[i + 2] ?? 0)
    data.set(toRgb((h + shift) & 255, s, v), i)
  }
  return { ...picture, data }
}

type Triple = readonly [number, number, number]

function toHsv(red: number, green: number, blue: number): Triple {
  const greatest = Math.max(red, green, blue)
  const spread = greatest - Math.min(red, green, blue)
  if (spread === 0) return [0, 0, greatest]
  const away = (value: number) => Math.fround((greatest - value) / spread)
  const sixths =
    red === greatest
      ? away(blue) - away(green)
      : green === greatest
        ? 2 + away(red) - away(blue)
        : 4 + away(green) - away(red)
  const turn = Math.fround((Math.fround(sixths) / 6 + 1) % 1)
  return [Math.trunc(turn * 255), Math.trunc(Math.fround(spread / greatest) * 255), greatest]
}

function toRgb(h: number, s: number, v: number): Triple {
  if (s === 0) return [v, v, v]
  const sixths = (h * 6) / 255
  const whole = Math.floor(sixths)
  const rest = Math.fround(sixths - whole)
  const share = Math.fround(s / 255)
  const least = Math.round(Math.fround(v * (1 - share)))
  const falling = Math.round(Math.fround(v * (1 - share * rest)))
  const rising = Math.round(Math.fround(v * (1 - share * (1 - rest))))
  const sectors: readonly Triple[] = [
    [v, rising, least],
    [falling, v, least],
    [least, v, rising],
    [least, falling, v],
    [rising, least, v],
    [v, least, falling],
  ]
  return sectors[whole % 6] ?? [v, v, v]
}
