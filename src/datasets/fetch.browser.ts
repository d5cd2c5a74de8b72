/** The browser's twin of `fetch.node.ts`: a page has no folder to unpack into. */
import { DatasetError } from '../errors.ts'
import type { FetchDatasetOptions, FetchedDataset } from './fetched.ts'
import type { PublishedDataset } from './published.ts'

export async function fetchDataset(
  _dataset: string | PublishedDataset,
  _options: FetchDatasetOptions = {},
): Promise<FetchedDataset> {
  throw new DatasetError('datasets are fetched in Node; in a browser pass pictures to trainingSetOf')
}
