/** An argument that is empty is refused by its name, before anything is done, whichever command and option it is. */
import { expect, test } from 'vitest'
import type { Context } from './context.ts'
import { createProgram } from './program.ts'

const context: Context = { signal: new AbortController().signal, saveFirst() {}, setStatus() {} }

/** Each command with each of its arguments and options empty in turn. */
const lines = createProgram(context).commands.flatMap((command) => {
  const words = command.registeredArguments.map(() => 'x')
  const needed = command.options.flatMap(({ mandatory, long }) => (mandatory ? [long ?? '', 'x'] : []))
  const taking = command.options.filter(({ required, optional }) => required || optional)
  return [
    ...words.map((_, index) => [command.name(), ...words.with(index, ''), ...needed]),
    ...taking.map(({ long }) => [command.name(), ...words, ...needed, long ?? '', '']),
  ]
})

test.each(lines.map((line) => [line]))('%j', async (line) => {
  await expect(createProgram(context).parseAsync(line, { from: 'user' })).rejects.toThrow(
    /is empty; is a variable of the shell not set\?|argument '' is invalid/,
  )
})
