/** Operations on single values, by tables of 256 for each channel: as Pillow's ImageOps and ImageEnhance, bit for bit. */
import type { Picture } from '../picture.ts'
import { luminance } from '../preprocess.ts'
import { blended } from './blend.ts'

type Tone = (value: number) => number

export function invert(picture: Picture): Picture {
  return mapped(picture, (value) => 255 - value)
}

/** Inverts what is not below the threshold. */
export function solarize(picture: Picture, threshold: number): Picture {
  return mapped(picture, (value) => (value < threshold ? value : 255 - value))
}

/** Keeps the highest bits. */
export function posterize(picture: Picture, bits: number): Picture {
  const mask = ~((1 << (8 - bits)) - 1)
  return mapped(picture, (value) => value & mask)
}

/** 0 black, 1 as it is. */
export function brightness(picture: Picture, factor: number): Picture {
  return mapped(picture, (value) => blended(0, value, factor))
}

/** 0 grey of the mean luminance, 1 as it is. */
export function contrast(picture: Picture, factor: number): Picture {
  const grey = luminance(picture)
  const mean = Math.floor(grey.reduce((sum, value) => sum + value, 0) / grey.length + 0.5)
  return mapped(picture, (value) => blended(mean, value, factor))
}

/** Stretches each channel so that its least value becomes 0 and its greatest 255. */
export function autocontrast(picture: Picture): Picture {
  return mappedByChannel(picture, (counts) => {
    const [least, greatest] = [counts.findIndex(Boolean), counts.findLastIndex(Boolean)]
    if (greatest <= least) return (value) => value
    const scale = 255 / (greatest - least)
    return (value) => Math.trunc(value * scale - least * scale)
  })
}

/** Spreads each channel's values so that all are as frequent. */
export function equalize(picture: Picture): Picture {
  return mappedByChannel(picture, (counts) => {
    const total = counts.reduce((sum, count) => sum + count, 0)
    const step = Math.floor((total - (counts.findLast(Boolean) ?? 0)) / 255)
    if (step === 0) return (value) => value
    let below = step >> 1
    const places = counts.map((count) => {
      const place = Math.floor(below / step)
      below += count
      return place
    })
    return (value) => places[value] ?? 0
  })
}

function mapped(picture: Picture, tone: Tone): Picture {
  const table = tableOf(tone)
  return { ...picture, data: picture.data.map((value) => table[value] ?? 0) }
}

function mappedByChannel(picture: Picture, toneOf: (counts: readonly number[]) => Tone): Picture {
  const tables = [0, 1, 2].map((channel) => tableOf(toneOf(countsOf(picture, channel))))
  return { ...picture, data: picture.data.map((value, i) => tables[i % 3]?.[value] ?? 0) }
}

function tableOf(tone: Tone): Uint8ClampedArray {
  return Uint8ClampedArray.from({ length: 256 }, (_, value) => tone(value))
}

/** How many pixels have each value. */
function countsOf({ data }: Picture, channel: number): readonly number[] {
  const counts = new Array<number>(256).fill(0)
  for (let i = channel; i < data.length; i += 3) {
    const value = data[i] ?? 0
    counts[value] = (counts[value] ?? 0) + 1
  }
  return counts
}
