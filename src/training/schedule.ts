/** The learning rate over a run, as a share of the recipe's greatest. */
import type { Recipe } from './recipe.ts'

/** How far a run is: steps taken before this one, steps of an epoch, and steps of the whole run. */
export interface Place {
  readonly step: number
  readonly stepsPerEpoch: number
  readonly steps: number
}

/**
 * The share of the recipe's rate with which a step is taken. A warm-up multiplies what the schedule gives, so that the two
 * meet without a jump.
 */
export function rateShare({ schedule, warmUp }: Pick<Recipe, 'schedule' | 'warmUp'>, place: Place): number {
  const warmSteps = warmUp === null ? 0 : warmUp.epochs * place.stepsPerEpoch
  if (warmUp !== null && place.step < warmSteps) {
    const from = warmUp.from
    return scheduled(schedule, { ...place, step: 0 }, 0) * (from + (1 - from) * (place.step / warmSteps))
  }
  return scheduled(schedule, place, warmSteps)
}

function scheduled(
  schedule: Recipe['schedule'],
  { step, stepsPerEpoch, steps }: Place,
  warm: number,
): number {
  const done = Math.min(1, Math.max(0, step - warm) / Math.max(1, steps - warm))
  switch (schedule.kind) {
    case 'constant':
      return 1
    case 'steps':
      return schedule.factor ** schedule.after.filter((epoch) => step >= epoch * stepsPerEpoch).length
    case 'cosine':
      return schedule.end + ((1 - schedule.end) * (1 + Math.cos(Math.PI * done))) / 2
    case 'linear':
      return 1 + (schedule.end - 1) * done
    case 'one-cycle': {
      const { start, rise, end } = schedule
      if (done < rise) return start + (1 - start) * (done / rise)
      return 1 + (end - 1) * ((done - rise) / Math.max(1e-12, 1 - rise))
    }
  }
}
