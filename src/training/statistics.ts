/**
 * Running statistics that are right after few steps. Normalisations keep next = (1 - m) · old + m · batch from mean 0 and
 * variance 1 on, which that average forgets after some dozens of steps only: a network of three steps would be judged by
 * statistics that are three quarters invented. So the first batches count alike, the t-th with 1 / t, until that is less than
 * m; then the average moves as it did.
 */
import type { ResNetConfig } from '../architecture/config.ts'
import type { Session } from '../engines/engine.ts'

export interface Counting {
  /** Names of the running statistics. */
  readonly names: readonly string[]
  /** From 1. */
  readonly step: number
  /** What the graph lets the step's batches count: `weightOf`. */
  readonly weight: number
  /** The moving average of a statistic, where there is one, and what it keeps at this step. */
  readonly average: { nameOf(name: string): string; readonly keep: number } | undefined
}

/** What a step's micro-batches count together in the graph's average. */
export function weightOf({ normalisation }: ResNetConfig, microBatches: number): number {
  const momentum = normalisation.kind === 'batch' ? normalisation.momentum : 0.1
  return 1 - (1 - momentum) ** microBatches
}

/** Whether a step is one of the first, whose batches count more than the graph lets them. */
export function countsMore({ names, step, weight }: Counting): boolean {
  return names.length > 0 && weight > 0 && 1 / step > weight
}

/** Runs a step's update, and lets its batches count with 1 / step. */
export async function countingMore(
  session: Session,
  { names, step, weight, average }: Counting,
  update: () => Promise<void>,
): Promise<void> {
  const averages = average === undefined ? [] : names.map(average.nameOf)
  const before = await session.readState(names)
  await update()
  const after = await session.readState([...names, ...averages])
  const right = new Map<string, Float32Array>()
  for (const name of names) {
    const [old, made] = [before.get(name), after.get(name)]
    if (old === undefined || made === undefined) continue
    const value = made.map((x, i) => {
      const from = old[i] ?? 0
      const counted = from + (x - from) / (step * weight)
      // Rounding must not take a variance near 0 below it.
      return name.endsWith('.running_var') ? Math.max(0, counted) : counted
    })
    right.set(name, value)
    const averaged = average === undefined ? undefined : after.get(average.nameOf(name))
    if (average === undefined || averaged === undefined) continue
    // It has taken in what the graph made; it takes in the difference as well.
    const share = 1 - average.keep
    right.set(
      average.nameOf(name),
      averaged.map((x, i) => x + share * ((value[i] ?? 0) - (made[i] ?? 0))),
    )
  }
  await session.writeState(right)
}
