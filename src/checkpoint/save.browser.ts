/** A page cannot write files by path; the twin for Node is `save.node.ts`. */
import { ResourceError } from '../errors.ts'

/** Throws `ResourceError`: take the bytes of `writeModel` and offer them as a download. */
export async function saveFile(
  path: string,
  _chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  _signal?: AbortSignal,
): Promise<number> {
  throw new ResourceError(
    `${path}: a web page cannot write files by path; offer the bytes of writeModel as a download`,
  )
}
