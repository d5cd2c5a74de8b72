/** The processors that a container may use, by the files that Linux shows of them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { processorLimit } from './processor-limit.node.ts'

const folder = mkdtempSync(join(tmpdir(), 'resnet-ts-cgroup-'))
afterAll(() => rmSync(folder, { recursive: true }))

type Files = Readonly<Record<string, string>>

const group = (line: string): Files => ({ 'proc/self/cgroup': `${line}\n` })
const v2 = (text: string, path = ''): Files => ({
  ...group('0::/'),
  [`sys/fs/cgroup/${path}cpu.max`]: `${text}\n`,
})
const v1 = (quota: string, { name = 'cpu', path = '' } = {}): Files => ({
  ...group('4:memory:/\n3:cpu,cpuacct:/'),
  [`sys/fs/cgroup/${name}/${path}cpu.cfs_quota_us`]: `${quota}\n`,
  [`sys/fs/cgroup/${name}/${path}cpu.cfs_period_us`]: '100000\n',
})
const none = Number.POSITIVE_INFINITY

test.each<[string, Files, number]>([
  ['two processors', v2('200000 100000'), 2],
  ['a part of one', v2('10000 100000'), 1],
  ['one and a half', v2('150000 100000'), 2],
  ['no limit', v2('max 100000'), none],
  ['an outer group', { ...v2('300000 100000'), ...v2('max 100000', 'a/'), ...group('0::/a/b') }, 3],
  [
    'the least of several groups',
    { ...v2('400000 100000', 'a/'), ...v2('200000 100000', 'a/b/'), ...group('0::/a/b') },
    2,
  ],
  ['a group beside', { ...v2('100000 100000', 'other/'), ...group('0::/a') }, none],
  ['a group that is not shown', { ...v2('200000 100000'), ...group('0::/../../machine/unit') }, 2],
  ['two processors, first version', v1('200000'), 2],
  ['no limit, first version', v1('-1'), none],
  ['an inner group, first version', { ...v1('200000', { path: 'a/b/' }), ...group('3:cpu:/a/b') }, 2],
  ['both controllers in one, first version', v1('200000', { name: 'cpu,cpuacct' }), 2],
  ['a container that sees its host’s path', { ...v1('200000'), ...group('3:cpu:/docker/0a1b') }, 2],
  ['a controller of another name', { ...v1('200000'), ...group('3:cpuset:/') }, none],
  ['no cgroups', {}, none],
  ['what is no number', v2('plenty'), none],
  ['a name with a colon', { ...v2('200000 100000', 'a:b/'), ...group('0::/a:b') }, 2],
  [
    'far too much',
    { 'proc/self/cgroup': '0::/a\n'.repeat(1e6), 'sys/fs/cgroup/cpu.max': 'x'.repeat(1e7) },
    none,
  ],
])('%s', (name, files, limit) => {
  const root = join(folder, name)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  expect(processorLimit(`${root}/`)).toBe(limit)
})
