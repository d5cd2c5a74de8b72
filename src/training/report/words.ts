/** Words of a report in which figures stand. */
import { formatCount, formatShare } from '../../analysis/format.ts'

/** In running text, where its unit must not fall into the next line. */
export function shareOf(value: number): string {
  return formatShare(value).replace(' ', '\u00a0')
}

/** `1 class`, `3 classes` */
export function countOf(count: number, one: string, several = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : several}`
}
