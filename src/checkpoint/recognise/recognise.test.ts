import { describe, expect, test } from 'vitest'
import { variants } from '../../architecture/variants.ts'
import { nameTensors } from '../naming/map.ts'
import { checkpointOf } from '../testing.ts'
import { recogniseArchitecture } from './recognise.ts'
import { sameStates, statesOf } from './states.ts'

describe('recognition of every named network from its own names and shapes', () => {
  test.each(variants().map((variant) => [variant.name, variant] as const))('%s', (_, variant) => {
    const states = statesOf(variant.config)
    const named = nameTensors(checkpointOf(states))
    const recognition = recogniseArchitecture({ file: 'test', named })
    expect(sameStates(statesOf(recognition.config), states)).toBe(true)
    console.log(
      variant.name,
      recognition.variant,
      recognition.name,
      recognition.differences.map((d) => `${d.key}:${d.a}->${d.b}`).join(' '),
    )
  })
})
