/** The files of shipped models, in Node: beside the built package. */
import { fileURLToPath } from 'node:url'
import { openFile } from '../checkpoint/bytes.node.ts'
import type { ByteSource } from '../checkpoint/bytes.ts'
import type { ShippedModel } from './shipped.ts'

/** Opens a shipped model's file. Throws `CheckpointError` where the package was installed without it. */
export function openShipped({ file }: ShippedModel): Promise<ByteSource> {
  return openFile(fileURLToPath(file))
}
