import { describe, expect, it } from 'vitest'
import { choose, refinedLoss } from './choice.ts'

const answer = (truth: number, ...scores: readonly number[]) => ({ truth, scores: Float32Array.from(scores) })

it('finds the loss at the temperature that suits the answers', () => {
  // Three of four are right: at best the network is three quarters sure, however sure it says that it is.
  const best = -(0.75 * Math.log(0.75) + 0.25 * Math.log(0.25))
  for (const sure of [0.1, 1, 20]) {
    const answers = [answer(0, sure, 0), answer(1, 0, sure), answer(0, sure, 0), answer(1, sure, 0)]
    expect(refinedLoss(answers).loss).toBeCloseTo(best, 4)
  }
})

it('is that of guessing where the answers say nothing, or the contrary', () => {
  expect(refinedLoss([answer(0, 1, 0), answer(1, 1, 0)]).loss).toBeCloseTo(Math.log(2), 6)
  expect(refinedLoss([answer(0, 0, 5, 0)]).loss).toBeCloseTo(Math.log(3), 3)
})

it('tells how far chance moves the loss: the deviation over the root of the pictures', () => {
  const answers = [answer(0, 1, 0), answer(0, 1, 0), answer(0, 1, 0), answer(1, 1, 0)]
  // At the best temperature: ln(4 / 3) three times and ln 4 once.
  const losses = [Math.log(4 / 3), Math.log(4 / 3), Math.log(4 / 3), Math.log(4)]
  const centre = losses.reduce((sum, loss) => sum + loss) / 4
  const variance = losses.reduce((sum, loss) => sum + (loss - centre) ** 2, 0) / 4
  expect(refinedLoss(answers).error).toBeCloseTo(Math.sqrt(variance / 4), 4)
})

describe('of few pictures', () => {
  const judged = (loss: number) => ({ top1: 0.5, loss: 9, refined: { loss, error: 0.1 } })
  const before = { best: { loss: 1, top1: 0.9 }, least: { loss: 0.6, error: 0.2 } }

  it('keeps the later epoch where they cannot tell it from the best', () => {
    expect(choose(judged(0.5), before)).toEqual({ kept: true, better: true })
    expect(choose(judged(0.79), before)).toEqual({ kept: true, better: false })
  })

  it('keeps the earlier one where they can', () => {
    expect(choose(judged(0.81), before)).toEqual({ kept: false, better: false })
  })
})

it('lets the right answers decide of many pictures, and the loss where they are equal', () => {
  const before = { best: { loss: 2, top1: 0.8 }, least: null }
  const chosen = (top1: number, loss: number) => choose({ top1, loss, refined: null }, before)
  expect(chosen(0.81, 3)).toEqual({ kept: true, better: true })
  expect(chosen(0.8, 1.9)).toEqual({ kept: true, better: true })
  expect(chosen(0.8, 2)).toEqual({ kept: false, better: false })
  expect(chosen(0.79, 1)).toEqual({ kept: false, better: false })
})
