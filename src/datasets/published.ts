/** The published datasets that a name alone fetches: one row each, with where the bytes come from and the hash that they must have. */
import { distance } from 'fastest-levenshtein'
import { ArgumentError } from '../errors.ts'

/** One published dataset: a `.tar.gz` of one folder of files. */
export interface PublishedDataset {
  readonly name: string
  readonly description: string
  /** Where its authors keep it; the last part of the path is what the file is called on disk. */
  readonly address: string
  /** Bytes of the archive. */
  readonly bytes: number
  /** SHA-256 of the archive, in hexadecimal digits. */
  readonly sha256: string
  /** The folder in the archive whose files are the dataset. */
  readonly folder: string
  readonly source: string
}

export const PUBLISHED_DATASETS: readonly PublishedDataset[] = [
  {
    name: 'cifar10',
    description: '60,000 pictures of 32×32 pixels in ten classes, 10,000 of them for tests',
    address: 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz',
    bytes: 170_052_171,
    sha256: 'c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd',
    folder: 'cifar-10-batches-bin',
    source:
      "The binary version on its authors' page (Krizhevsky, Nair, Hinton, 2009). They publish the MD5 c32a1d4ab5d03f1284b67883e8d87530; size and SHA-256 of the same file are those that TensorFlow Datasets records.",
  },
  {
    name: 'cifar100',
    description: '60,000 pictures of 32×32 pixels in a hundred classes, 10,000 of them for tests',
    address: 'https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz',
    bytes: 168_513_733,
    sha256: '58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec',
    folder: 'cifar-100-binary',
    source:
      "The binary version on its authors' page (Krizhevsky, Nair, Hinton, 2009). They publish the MD5 03b5dce01913d631647c71ecec9e9cb8; size and SHA-256 of the same file are those that TensorFlow Datasets records.",
  },
]

/**
 * The row of a published dataset.
 *
 * @throws ArgumentError naming those that there are when the table has no such row.
 */
export function findPublishedDataset(name: string): PublishedDataset {
  const row = PUBLISHED_DATASETS.find((candidate) => candidate.name === name)
  if (row !== undefined) return row
  const names = PUBLISHED_DATASETS.map((candidate) => candidate.name)
  const wanted = name
    .slice(0, 64)
    .toLowerCase()
    .replace(/[\s_-]+/g, '')
  const near =
    names.find((candidate) => candidate === wanted) ?? names.find((one) => distance(one, wanted) === 1)
  const hint = near === undefined ? `there are: ${names.join(', ')}` : `did you mean ${near}?`
  throw new ArgumentError(`${name.slice(0, 64)}: no published dataset is called so; ${hint}`)
}
