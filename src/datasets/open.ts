/** Opening datasets, in Node and in browsers alike. */
export { type ListedPicture, listPictures, openDataset, type PictureList } from '#platform/datasets/open'
export type { Dataset, DatasetItem } from './dataset.ts'
