/**
 * A restricted reader of Python's pickle format. It executes nothing: a table of opcodes builds plain data, a handful of
 * PyTorch's functions are known by name, every other class or function stays an inert name that is reported.
 */
import { CheckpointError } from '../../errors.ts'
import type { ByteSource } from '../bytes.ts'
import { limits } from './limits.ts'
import { OutOfBytes, PickleCursor } from './pickle-cursor.ts'
import { type PickleHost, PickleMachine } from './pickle-machine.ts'
import { opcodes } from './pickle-opcodes.ts'
import type { PickleValue } from './pickle-values.ts'

export interface Unpickled {
  readonly value: PickleValue
  /** Where the byte after the pickle stands in the source. */
  readonly end: number
  /** Names of classes and functions that were kept inert. */
  readonly inert: readonly string[]
}

const stop = 0x2e
const firstWindow = 2 ** 18

/**
 * Reads the pickle that begins at `offset`. Its length is not known beforehand, so it is tried on a window of bytes that
 * doubles while the pickle goes on. Throws `CheckpointError`.
 */
export async function readPickle(source: ByteSource, offset: number, host: PickleHost): Promise<Unpickled> {
  const most = Math.min(source.size - offset, limits.pickleBytes)
  for (let length = Math.min(firstWindow, most); ; length = Math.min(2 * length, most)) {
    const bytes = await source.read(offset, length)
    try {
      return run(new PickleCursor(bytes, `${source.name}: its pickle`), offset, host)
    } catch (error) {
      if (!(error instanceof OutOfBytes)) throw error
      if (length === most) {
        const reason =
          most === limits.pickleBytes
            ? `its pickle is longer than ${limits.pickleBytes} bytes`
            : 'ends in the middle of its pickle; it is truncated'
        throw new CheckpointError(`${source.name}: ${reason}`)
      }
    }
  }
}

function run(cursor: PickleCursor, offset: number, host: PickleHost): Unpickled {
  const machine = new PickleMachine(cursor, host)
  for (let steps = 0; steps < limits.pickleOpcodes; steps++) {
    const opcode = cursor.u8()
    if (opcode === stop) {
      return { value: machine.pop(), end: offset + cursor.at, inert: [...machine.inert] }
    }
    const step = opcodes.get(opcode)
    if (step === undefined) {
      cursor.fail(
        `has the opcode 0x${opcode.toString(16)} at byte ${offset + cursor.at - 1}, which is not read`,
      )
    } else {
      step(machine)
    }
  }
  return cursor.fail(`runs for more than ${limits.pickleOpcodes} steps`)
}
