/** Which kernels a session takes, and what becomes of those that compute wrong. */
import { describe, expect, it } from 'vitest'
import { levelNames } from '../../../test/wasm-levels.ts'
import type { Session, TensorMap } from '../engine.ts'
import { chooseKernels, compileKernels } from './kernels.ts'
import { computesRight } from './self-test.ts'
import { openSession } from './wasm.ts'

const shared = { shared: true }

describe.each(levelNames)('kernels of level %s', (level) => {
  it('pass their test', async () => {
    expect(await computesRight((state) => openSession(state, { threads: 1 }, true, level))).toBe(true)
  })

  it('fail it when one of their answers is wrong', async () => {
    const open = (changed: string) => (state: TensorMap) =>
      openSession(
        new Map(
          [...state].map(([name, values]) => [name, name === changed ? values.map((x) => 1.01 * x) : values]),
        ),
        { threads: 1 },
        true,
        level,
      )
    for (const name of ['row 1', 'row 6', 'square']) expect(await computesRight(open(name))).toBe(false)
  })
})

describe('the test of kernels', () => {
  it('counts a trap as wrong, and lets go of the session', async () => {
    let opened: Session | undefined
    const trapping = async (state: TensorMap): Promise<Session> => {
      opened = await openSession(state, { threads: 1 })
      await opened.dispose()
      return opened
    }
    expect(await computesRight(trapping)).toBe(false)
    await expect(opened?.readState()).rejects.toThrow('disposed')
  })
})

describe('a session', () => {
  it('takes revectorized kernels where they are right', async () => {
    const wide = await compileKernels('wide', shared)
    const kernels = await chooseKernels(shared, async () => wide, 'on')
    expect(kernels.description).toBe('revectorized SIMD')
    expect(kernels.columns).toBe(16)
  })

  it('takes those below, and says why, where they are wrong', async () => {
    const kernels = await chooseKernels(shared, async () => undefined, 'on')
    expect(kernels.description).toBe('relaxed SIMD, as revectorized SIMD failed its test')
    expect(kernels.columns).toBe(8)
  })

  it('says what it runs on: in Node 24 and later on x86-64 revectorized SIMD, when it was asked for', async () => {
    const fuses = Number.parseInt(process.versions.node, 10) >= 24 && process.arch === 'x64'
    const session = await openSession(new Map(), { threads: 1 })
    expect(session.runsOn).toBe(`${fuses ? 'revectorized' : 'relaxed'} SIMD, 1 thread`)
    await session.dispose()
  })
})
