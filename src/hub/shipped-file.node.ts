/** The files of shipped models, in Node: beside the built package. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { openFile } from '../checkpoint/bytes.node.ts'
import type { ByteSource } from '../checkpoint/bytes.ts'
import { HubError } from '../errors.ts'
import { leftBehind, type ShippedModel } from './shipped.ts'

/** Opens a shipped model's file. Throws `HubError` where a bundle has left it behind. */
export async function openShipped({ name, file }: ShippedModel): Promise<ByteSource> {
  const path = pathOf(file)
  if (path === undefined || !existsSync(path))
    throw new HubError(
      `${name}: not beside this program${path === undefined ? '' : ` (${path})`}; ${leftBehind}`,
    )
  return openFile(path)
}

function pathOf(file: () => URL): string | undefined {
  try {
    return fileURLToPath(file())
  } catch {
    return undefined
  }
}
