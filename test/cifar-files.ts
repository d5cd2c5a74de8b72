/** Small CIFAR binary files for tests, in the published layout. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export const cifar10Names: readonly string[] =
  'airplane automobile bird cat deer dog frog horse ship truck'.split(' ')

/** One record: the class, then the planes, of which red, green and blue are each of one value. */
export function cifarRecord(
  label: readonly number[],
  [red, green, blue]: readonly [number, number, number],
): Buffer {
  return Buffer.concat([Buffer.from(label), ...[red, green, blue].map((value) => Buffer.alloc(1024, value))])
}

/** The files of a CIFAR-10 with `perClass` pictures of each class in every one of its six files. */
export function cifar10Files(
  perClass: number,
): readonly { readonly path: string; readonly content: Buffer }[] {
  const records = Buffer.concat(
    Array.from({ length: 10 * perClass }, (_, i) => cifarRecord([i % 10], [i % 10, 100, 200])),
  )
  const files = [1, 2, 3, 4, 5].map((number) => `data_batch_${number}.bin`)
  return [
    { path: 'batches.meta.txt', content: Buffer.from(`${cifar10Names.join('\n')}\n\n`) },
    ...[...files, 'test_batch.bin'].map((path) => ({ path, content: records })),
  ]
}

/** Writes files into a new folder. */
export async function writeFiles(
  folder: string,
  files: readonly { readonly path: string; readonly content: Uint8Array | string }[],
): Promise<string> {
  for (const { path, content } of files) {
    await mkdir(join(folder, path, '..'), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  return folder
}
