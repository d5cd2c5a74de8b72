/**
 * How many processors' time a container may use, which Node of before 22.12 does not know: a limit of `docker run --cpus 2` is
 * a share of time (`man 7 cgroups`, CFS bandwidth control), and more threads than that wait for each other. Groups lie within
 * groups, and each of them may have a limit.
 */
import { closeSync, openSync, readSync } from 'node:fs'
import { posix } from 'node:path'

/** Where the first version of cgroups may keep the limits of processors' time. */
const first = ['cpu', 'cpu,cpuacct', 'cpuacct,cpu'] as const
/** Files of the system are short; what is longer is none of them. */
const mostBytes = 16_384
/** The first version has a line for each of a dozen controllers. */
const mostLines = 64

/** Whole processors, rounded up; infinite where nothing limits them. `root` is where the system's files are. */
export function processorLimit(root = '/'): number {
  const words = (path: string) => firstBytes(`${root}${path}`).trim().split(/\s+/)
  const lines = firstBytes(`${root}proc/self/cgroup`).split('\n', mostLines)
  const shares = lines.flatMap((line) => {
    // `0::/outer/inner` in the second version, `4:cpu,cpuacct:/outer/inner` in the first.
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? []
    if (path === undefined) return []
    const groups = groupsAround(path)
    if (controllers === '')
      return groups.map((group) => share(words(posix.join('sys/fs/cgroup', group, 'cpu.max'))))
    if (!controllers?.split(',').includes('cpu')) return []
    const folders = first.flatMap((name) => groups.map((group) => posix.join('sys/fs/cgroup', name, group)))
    const number = (folder: string, name: string) => words(`${folder}/cpu.cfs_${name}_us`)[0] ?? ''
    return folders.map((folder) => share([number(folder, 'quota'), number(folder, 'period')]))
  })
  return Math.ceil(Math.min(...shares, Number.POSITIVE_INFINITY))
}

/** A group and those that it lies in. Where a container sees its own group as the root, the others are not there. */
function groupsAround(path: string): readonly string[] {
  const names = posix.normalize(path).split('/').filter(Boolean).slice(0, 64)
  return Array.from({ length: names.length + 1 }, (_, depth) => `/${names.slice(0, depth).join('/')}`)
}

/** `max`, -1 and what is not there are no limit. */
function share([quota, period]: readonly string[]): number {
  const share = Number(quota) / Number(period)
  return share > 0 ? share : Number.POSITIVE_INFINITY
}

/** The text of a file; none where it cannot be read: no Linux, or no such version of cgroups. */
function firstBytes(path: string): string {
  try {
    const file = openSync(path, 'r')
    try {
      const bytes = new Uint8Array(mostBytes)
      return new TextDecoder().decode(bytes.subarray(0, readSync(file, bytes)))
    } finally {
      closeSync(file)
    }
  } catch {
    return ''
  }
}
