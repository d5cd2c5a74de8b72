/** The processors that a container may use, by the files that Linux shows of them. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { processorLimit } from './processor-limit.node.ts'

const folder = mkdtempSync(join(tmpdir(), 'resnet-ts-cgroup-'))
afterAll(() => rmSync(folder, { recursive: true }))

const v2 = (text: string) => ({ 'sys/fs/cgroup/cpu.max': text })
const v1 = (quota: string, period: string) => ({
  'sys/fs/cgroup/cpu/cpu.cfs_quota_us': quota,
  'sys/fs/cgroup/cpu/cpu.cfs_period_us': period,
})

test.each<[string, Readonly<Record<string, string>>, number]>([
  ['two processors', v2('200000 100000\n'), 2],
  ['a part of one', v2('10000 100000\n'), 1],
  ['one and a half', v2('150000 100000\n'), 2],
  ['no limit', v2('max 100000\n'), Number.POSITIVE_INFINITY],
  ['two processors, first version', v1('200000\n', '100000\n'), 2],
  ['no limit, first version', v1('-1\n', '100000\n'), Number.POSITIVE_INFINITY],
  ['no cgroups', {}, Number.POSITIVE_INFINITY],
  ['what is no number', v2('plenty\n'), Number.POSITIVE_INFINITY],
])('%s', (name, files, limit) => {
  const root = join(folder, name)
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  expect(processorLimit(`${root}/`)).toBe(limit)
})
