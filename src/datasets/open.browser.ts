/** The browser's twin of `open.node.ts`: a page has no folders. */
import { DatasetError } from '../errors.ts'
import type { OpenCatalogue, PassedOver } from './dataset.ts'

export interface ListedPicture {
  readonly file: string
  read(): Promise<Uint8Array>
}

export interface PictureList {
  readonly pictures: readonly ListedPicture[]
  /** What lies beside them in the folder or archive. */
  readonly passedOver: readonly PassedOver[]
  readonly notes: readonly string[]
  close(): Promise<void>
}

const nodeOnly =
  'folders and archives are opened in Node; in a browser pass pictures one by one, or those to train on to trainingSetOf'

export async function openCatalogue(_path: string): Promise<OpenCatalogue> {
  throw new DatasetError(nodeOnly)
}

export async function listPictures(_path: string): Promise<PictureList> {
  throw new DatasetError(nodeOnly)
}
