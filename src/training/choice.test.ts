import { expect, it } from 'vitest'
import { isBetter, refinedLoss } from './choice.ts'

const answer = (truth: number, ...scores: readonly number[]) => ({ truth, scores: Float32Array.from(scores) })

it('finds the loss at the temperature that suits the answers', () => {
  // Three of four are right: at best the network is three quarters sure, however sure it says that it is.
  const best = -(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25))
  for (const sure of [0.1, 1, 20]) {
    const answers = [answer(0, sure, 0), answer(1, 0, sure), answer(0, sure, 0), answer(1, sure, 0)]
    expect(refinedLoss(answers)).toBeCloseTo(best, 4)
  }
})

it('is that of guessing where the answers say nothing, or the contrary', () => {
  expect(refinedLoss([answer(0, 1, 0), answer(1, 1, 0)])).toBeCloseTo(Math.log(2), 6)
  expect(refinedLoss([answer(0, 0, 5, 0)])).toBeCloseTo(Math.log(3), 3)
})

it('lets the refined loss decide of few pictures, and the right answers of many', () => {
  const surer = { top1: 0.8, loss: 2, refinedLoss: 0.5 }
  const oftener = { top1: 0.825, loss: 1, refinedLoss: 0.6 }
  expect(isBetter(surer, oftener)).toBe(true)
  expect(isBetter(oftener, surer)).toBe(false)
  const many = <T>(judged: T) => ({ ...judged, refinedLoss: null })
  expect(isBetter(many(oftener), many(surer))).toBe(true)
  expect(isBetter(many({ ...surer, loss: 1.9 }), many(surer))).toBe(true)
})
