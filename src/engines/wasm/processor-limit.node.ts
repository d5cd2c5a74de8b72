/**
 * How many processors' time a container may use, which Node of before 22.12 does not know: a limit of `docker run --cpus 2` is
 * a share of time (`man 7 cgroups`, CFS bandwidth control), and more threads than that wait for each other.
 */
import { readFileSync } from 'node:fs'

/** Where the second version of cgroups keeps both numbers, and the first version each of them. */
const second = 'sys/fs/cgroup/cpu.max'
const first = ['sys/fs/cgroup/cpu/cpu.cfs_quota_us', 'sys/fs/cgroup/cpu/cpu.cfs_period_us'] as const

/** Whole processors, rounded up; infinite where nothing limits them. `root` is where the system's files are. */
export function processorLimit(root = '/'): number {
  const read = (path: string) => {
    try {
      return readFileSync(`${root}${path}`, 'utf8').trim().split(/\s+/)
    } catch {
      // Not Linux, or no such version of cgroups.
      return []
    }
  }
  const [quota, period] = read(second)
  const [oldQuota, oldPeriod] = first.map((path) => read(path)[0])
  const share = Number(quota ?? oldQuota) / Number(period ?? oldPeriod)
  // `max`, -1 and what is not there are no limit.
  return share > 0 ? Math.ceil(share) : Number.POSITIVE_INFINITY
}
