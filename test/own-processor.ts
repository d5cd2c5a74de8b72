/**
 * Each worker of the tests keeps to a processor of its own, and so do the commands that it starts: two engines that
 * share two processors wait for each other's threads and take three times as long. Where the system has no `taskset`
 * (Linux has it), the tests share all processors.
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** The processors in the kernel's list, as `0-2,5`. */
function processorsIn(list: string): readonly number[] {
  return list.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number)
    return Array.from({ length: Number(last) - Number(first) + 1 }, (_, index) => Number(first) + index)
  })
}

if (process.platform === 'linux') {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? ''
  const processors = processorsIn(list)
  const mine = processors[(Number(process.env.VITEST_POOL_ID) - 1) % processors.length]
  spawnSync('taskset', ['-acp', String(mine), String(process.pid)])
}
