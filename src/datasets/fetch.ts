/** Fetching published datasets. */
export { fetchDataset } from '#platform/datasets/fetch'
export type { DownloadProgress, FetchDatasetOptions, FetchedDataset } from './fetched.ts'
export type { PublishedDataset } from './published.ts'
