/** Whether a process of this machine is there, and which one it is. */
import { readFileSync } from 'node:fs'
import { systemCode } from './errors.ts'

/** A process that has ended and whose parent has not asked for it is gone. */
export function isRunning(id: number): boolean {
  try {
    process.kill(id, 0)
    return stateOf(id) !== 'Z'
  } catch (error) {
    // A process of another user answers that it may not be sent anything.
    return systemCode(error) === 'EPERM'
  }
}

/** Boot of the machine and clock ticks since then; null where the system does not tell. */
export function startOf(id: number): string | null {
  const ticks = statusOf(id)[19]
  if (ticks === undefined) return null
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${ticks}`
  } catch {
    return null
  }
}

/** A letter; `Z` for a process that has ended and whose parent has not asked for it. */
function stateOf(id: number): string | undefined {
  return statusOf(id)[0]
}

/** Linux's fields of a process, from its state on (`proc_pid_stat(5)`); other systems have none. */
function statusOf(id: number): readonly string[] {
  try {
    const text = readFileSync(`/proc/${id}/stat`, 'latin1')
    return text.slice(text.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}
