/** The words of fetching a dataset, in Node and in browsers alike. */

/** How far the download of an archive is, in bytes. */
export interface DownloadProgress {
  /** All that are on the disk. */
  readonly received: number
  /** Those of them that an earlier try had left. */
  readonly kept: number
  readonly total: number
}

export interface FetchDatasetOptions {
  /** The folder to keep it in, under its name; the current folder unless given. */
  readonly out?: string
  /** Another address of the same archive, for instance a mirror's; the hash must be the same. */
  readonly from?: string
  /** Hears how far the download is. */
  readonly progress?: (progress: DownloadProgress) => void
  readonly signal?: AbortSignal
}

export interface FetchedDataset {
  readonly name: string
  /** The folder that holds it. */
  readonly path: string
  readonly files: number
  readonly bytes: number
}
