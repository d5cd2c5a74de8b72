import { expect, test } from 'vitest'
import { summaryOf } from './results.mjs'

const machine = {
  cpu: 'A processor',
  cores: 2,
  memoryGB: 8,
  system: 'linux x64',
  nodes: ['20.20.2', '24.21.0'],
  packages: { 'resnet-ts': '1.0.0', peer: '3.1.4' },
}
const row = {
  name: 'inference-small',
  title: 'a small network',
  unit: 'ms',
  date: '2026-01-31',
  contestants: [
    { name: 'ours', column: 'Node 20', samples: [20, 22, 1234], runsOn: '2 threads' },
    { name: 'peer', samples: [], missing: 'PyTorch is missing' },
  ],
  figures: [
    { title: "our time over peer's", columns: { 'Node 20': { median: 1.2345, low: 1, high: 100.4 } } },
  ],
}

test('a summary names machine and versions, then figures by column, then who was measured or why not', () => {
  expect(summaryOf({ machine, rows: [row] }).split('\n')).toEqual([
    'A processor, 2 cores, 8 GB, linux x64; Node 20.20.2 and 24.21.0; resnet-ts 1.0.0, peer 3.1.4.',
    '',
    '| work | figure | Node 20 |',
    '| --- | --- | --- |',
    "| a small network | our time over peer's | 1.23 (1.00 to 100) |",
    '',
    '| work | who | median | lowest to highest | on |',
    '| --- | --- | --- | --- | --- |',
    '| a small network | ours, Node 20 | 22.0 ms | 20.0 to 1234 | 2 threads; 2026-01-31 |',
    '| a small network | peer | – | – | PyTorch is missing |',
  ])
})

test('a figure that only another row has in a column is a dash there', () => {
  const other = {
    ...row,
    figures: [{ title: 'speed-up', columns: { Chromium: { median: 2, low: 2, high: 2 } } }],
  }
  expect(summaryOf({ machine, rows: [row, other] })).toContain('| speed-up | – | 2.00 (2.00 to 2.00) |')
})
