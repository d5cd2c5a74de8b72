/** The browser's twin of `run-folder.node.ts`: a page has no folders. */
import { ResourceError } from '../errors.ts'
import type { RunStore } from './store.ts'

/** Throws `ResourceError`: a page keeps what the events hand it. */
export async function openRunFolder(path: string, _options: { readonly resume: boolean }): Promise<RunStore> {
  throw new ResourceError(
    `${path}: a web page cannot keep a run in a folder; leave out and offer the model as a download`,
  )
}
