/** The files of shipped models, in browsers: fetched from where the page's bundle lies. */
import { type ByteSource, sourceOfBlob } from '../checkpoint/bytes.ts'
import { HubError } from '../errors.ts'
import type { ShippedModel } from './shipped.ts'

/** Opens a shipped model's file. Throws `HubError` where the page's server does not have it. */
export async function openShipped({ name, file }: ShippedModel): Promise<ByteSource> {
  const response = await fetch(file).catch((error: unknown) => {
    throw new HubError(`${name}: cannot be fetched from ${file.href}; check the connection`, { cause: error })
  })
  if (!response.ok) {
    throw new HubError(
      `${name}: ${file.href} answers with status ${response.status}; serve the package's folder "models" beside its "dist"`,
    )
  }
  return sourceOfBlob(name, await response.blob())
}
