/** Where a run is kept when nobody says where: `runs/` and the name of its pictures, with a number from the second on. */
import { existsSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'

interface Named {
  readonly out?: string
}

/** The folder of a new run. */
export function newRunFolder(dataset: string, { out }: Named): string {
  return out ?? numbered(dataset).find((folder) => !existsSync(folder)) ?? firstFolder(dataset)
}

/** The folder of the run to go on with: the last one of these pictures, else the first, where it begins. */
export function lastRunFolder(dataset: string, { out }: Named): string {
  return out ?? numbered(dataset).findLast((folder) => existsSync(folder)) ?? firstFolder(dataset)
}

function firstFolder(dataset: string): string {
  return join('runs', basename(resolve(dataset)).replace(/\.\w+$/, ''))
}

const greatestNumber = 999

function numbered(dataset: string): readonly string[] {
  const first = firstFolder(dataset)
  return [first, ...Array.from({ length: greatestNumber - 1 }, (_, i) => `${first}-${i + 2}`)]
}
