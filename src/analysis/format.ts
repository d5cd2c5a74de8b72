/** Numbers as people read them. */
import type { Shape } from '../ops/shape.ts'

/** `25,557,032` */
export function formatCount(value: number): string {
  return value.toLocaleString('en-US')
}

/** Three digits and a unit of a thousand's power: `4.09 G`. */
export function formatShort(value: number): string {
  const units = ['', 'k', 'M', 'G', 'T', 'P']
  let [scaled, unit] = [value, 0]
  while (Math.abs(scaled) >= 999.5 && unit < units.length - 1) {
    scaled /= 1000
    unit++
  }
  const digits = unit === 0 || Math.abs(scaled) >= 99.95 ? 0 : Math.abs(scaled) >= 9.995 ? 1 : 2
  return `${scaled.toFixed(digits)} ${units[unit]}`.trimEnd()
}

/** `4.09 G multiply-adds` */
export function formatMacs(value: number): string {
  const short = formatShort(value)
  return `${short} multiply-adds`
}

/** `122 MB`, in powers of a thousand. */
export function formatBytes(value: number): string {
  const short = formatShort(value)
  return short.includes(' ') ? `${short}B` : `${short} bytes`
}

/** `+231 M (+6.0 %)`, `+11.4 M (×43)`, or `same`. */
export function formatDifference(a: number, b: number, format: (value: number) => string): string {
  if (a === b) return 'same'
  const sign = b > a ? '+' : '−'
  const change = `${sign}${format(Math.abs(b - a))}`
  const percent = Math.abs((b / a - 1) * 100)
  if (a === 0) return change
  if (percent >= 1000) return `${change} (×${(b / a).toFixed(0)})`
  return percent < 0.05 ? `${change} (under 0.1 %)` : `${change} (${sign}${percent.toFixed(1)} %)`
}

/** `64 × 56 × 56`: a map without its batch. */
export function formatMap(shape: Shape): string {
  return shape.filter((dim) => dim !== 'N').join(' × ')
}

/** `1:02:03`, `2:03` or `3 s`. */
export function formatDuration(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`
  const whole = Math.ceil(seconds)
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const two = (value: number) => String(value).padStart(2, '0')
  return hours > 0 ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`
}

/** `97.3 %` */
export function formatShare(value: number): string {
  return `${(value * 100).toFixed(1)} %`
}
