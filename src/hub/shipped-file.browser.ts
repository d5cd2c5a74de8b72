/** The files of shipped models, in browsers: fetched from where the page's bundle lies. */
import { type ByteSource, sourceOfBlob } from '../checkpoint/bytes.ts'
import { HubError } from '../errors.ts'
import { leftBehind, type ShippedModel } from './shipped.ts'

/** Opens a shipped model's file. Throws `HubError` where the page's server does not have it. */
export async function openShipped({ name, file }: ShippedModel): Promise<ByteSource> {
  const address = addressOf(name, file)
  const response = await fetch(address).catch((error: unknown) => {
    throw new HubError(`${name}: cannot be fetched from ${address}; check the connection`, { cause: error })
  })
  const isPage = response.headers.get('content-type')?.startsWith('text/html') ?? false
  if (!response.ok || isPage) {
    const answer = isPage ? 'a web page' : `status ${response.status}`
    throw new HubError(`${name}: ${address} answers with ${answer}; ${leftBehind}`)
  }
  return sourceOfBlob(name, await response.blob())
}

function addressOf(name: string, file: () => URL): string {
  try {
    return file().href
  } catch (error) {
    throw new HubError(`${name}: this bundle does not know where it lies; ${leftBehind}`, { cause: error })
  }
}
