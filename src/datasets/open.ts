/** Opening datasets, in Node and in browsers alike. */
import { openCatalogue } from '#platform/datasets/open'
import { type Dataset, takeSplit } from './dataset.ts'

export { listPictures } from '#platform/datasets/open'
export type { Dataset, DatasetItem, ListedPicture, PictureList } from './dataset.ts'

/**
 * A dataset of any kind that `openCatalogue` knows, or one split of it. Without a wish `val` is taken, or else `test`; all of
 * it where there are no splits.
 *
 * @throws DatasetError for what is no dataset, or has no such split.
 */
export async function openDataset(
  path: string,
  { split }: { readonly split?: string } = {},
): Promise<Dataset> {
  const catalogue = await openCatalogue(path)
  try {
    return { ...takeSplit(catalogue, split), close: catalogue.close }
  } catch (error) {
    await catalogue.close()
    throw error
  }
}
