/** A run's curves, read back from what it told: one that went on after an interruption told a part of it before. */
import * as v from 'valibot'
import { CheckpointError } from '../../errors.ts'
import type { EpochFigures } from '../../plots/curves.ts'
import type { ReportData } from './data.ts'

/** A curve shows so many points at most. */
const shownPoints = 500

const kind = v.looseObject({ kind: v.string() })
const stepSchema = v.object({ step: v.number(), rate: v.number() })
const epochSchema = v.object({
  epoch: v.number(),
  train: v.object({ loss: v.number(), accuracy: v.number() }),
  val: v.optional(v.object({ loss: v.number(), top1: v.number() })),
  best: v.boolean(),
})

const skippedSchema = v.object({ file: v.string(), error: v.string() })

/** Throws `CheckpointError` for what is not as `train()` tells it. */
export async function historyOf(
  events: AsyncIterable<unknown>,
): Promise<Pick<ReportData, 'epochs' | 'steps' | 'skipped'>> {
  const epochs: EpochFigures[] = []
  const steps = new Thinned<unknown>()
  // A run that went on told of each picture again.
  const skipped = new Map<string, v.InferOutput<typeof skippedSchema>>()
  for await (const event of events) {
    const told = parsed(kind, event)
    if (told.kind === 'step') steps.add(event)
    else if (told.kind === 'epoch') epochs.push(epochFigures(event))
    else if (told.kind === 'skipped') {
      const picture = parsed(skippedSchema, event)
      skipped.set(picture.file, picture)
    }
  }
  return {
    epochs,
    steps: steps.list.map((step) => parsed(stepSchema, step)),
    skipped: [...skipped.values()],
  }
}

const endSchema = v.object({ steps: v.number() })
const shapes: ReadonlyMap<string, v.GenericSchema> = new Map<string, v.GenericSchema>([
  ['step', stepSchema],
  ['epoch', epochSchema],
  ['skipped', skippedSchema],
  ['ended', endSchema],
])

/** Whether a value is an event as training tells it, so far as it is read back. */
export function isTold(value: unknown): boolean {
  const told = v.safeParse(kind, value)
  if (!told.success) return false
  const shape = shapes.get(told.output.kind)
  return shape === undefined || v.is(shape, value)
}

/** At which step or epoch an event was told, if it is one of those that are told once for each. */
export function toldAt(
  event: unknown,
): { readonly kind: string; readonly step?: number; readonly epoch?: number } | undefined {
  const { kind: name } = parsed(kind, event)
  if (name === 'step') return { kind: name, step: parsed(stepSchema, event).step }
  if (name === 'epoch') return { kind: name, epoch: parsed(epochSchema, event).epoch }
  return name === 'ended' ? { kind: name, step: parsed(endSchema, event).steps } : undefined
}

function epochFigures(event: unknown): EpochFigures {
  const { val, ...rest } = parsed(epochSchema, event)
  return val === undefined ? rest : { ...rest, val }
}

function parsed<T>(schema: v.GenericSchema<unknown, T>, value: unknown): T {
  const result = v.safeParse(schema, value)
  if (result.success) return result.output
  const [issue] = result.issues
  throw new CheckpointError(
    `an event of the run is damaged: ${v.getDotPath(issue) ?? 'it'} is not as training tells it`,
  )
}

/** Items at even distances from the first on, of a list whose length is known at its end only; the last is kept too. */
class Thinned<T> {
  #kept: T[] = []
  #count = 0
  #distance = 1
  #last: readonly T[] = []

  add(item: T): void {
    const isDue = this.#count++ % this.#distance === 0
    this.#last = isDue ? [] : [item]
    if (!isDue) return
    this.#kept.push(item)
    if (this.#kept.length < shownPoints) return
    this.#kept = this.#kept.filter((_, i) => i % 2 === 0)
    this.#distance *= 2
  }

  get list(): readonly T[] {
    return [...this.#kept, ...this.#last]
  }
}
