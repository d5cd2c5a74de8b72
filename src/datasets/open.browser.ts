/** The browser's twin of `open.node.ts`: a page has no folders. */
import { DatasetError } from '../errors.ts'
import type { OpenCatalogue, PictureList } from './dataset.ts'

const nodeOnly =
  'folders and archives are opened in Node; in a browser pass pictures one by one, or those to train on to trainingSetOf'

export async function openCatalogue(_path: string): Promise<OpenCatalogue> {
  throw new DatasetError(nodeOnly)
}

export async function listPictures(_path: string): Promise<PictureList> {
  throw new DatasetError(nodeOnly)
}
