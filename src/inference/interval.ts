/**
 * How far an accuracy can be trusted: the interval that holds the true one in 95 of 100 cases, by Wilson's score (1927),
 * which stays between 0 and 1 and says something of few pictures and of none wrong, where the usual ± does not.
 */
import { formatCount } from '../analysis/format.ts'

export interface Interval {
  readonly low: number
  readonly high: number
}

/** Standard deviations on each side that hold 95 % of a normal distribution. */
const z = 1.96

/** Between which shares the true share of right answers lies; everything where no picture was judged. */
export function intervalOf(correct: number, images: number): Interval {
  if (images === 0) return { low: 0, high: 1 }
  const share = correct / images
  const scale = 1 + z ** 2 / images
  const middle = (share + z ** 2 / (2 * images)) / scale
  const reach = (z * Math.sqrt((share * (1 - share)) / images + (z / (2 * images)) ** 2)) / scale
  // All right and all wrong are ends of the interval, which rounding must not miss.
  return {
    low: correct === 0 ? 0 : Math.max(0, middle - reach),
    high: correct === images ? 1 : Math.min(1, middle + reach),
  }
}

/** `7 of 7; 65 % to 100 %` */
export function formatCorrect(correct: number, images: number): string {
  return `${formatCount(correct)} of ${formatCount(images)}; ${formatInterval(correct, images)}`
}

/** `65 % to 100 %` */
export function formatInterval(correct: number, images: number): string {
  const { low, high } = intervalOf(correct, images)
  return `${percent(low)} to ${percent(high)}`
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`
}
