/** The models that come with the package itself: small ones, which no network needs to be asked for. */

/** One shipped model. */
export interface ShippedModel {
  readonly name: string
  readonly description: string
  /** The named variant that its tensors fill. */
  readonly architecture: string
  /** Where its file is: beside the built package. Throws where a bundle does not know its own address. */
  readonly file: () => URL
}

export const SHIPPED_MODELS: readonly ShippedModel[] = [
  {
    name: 'cifar10-resnet20',
    description: "the CIFAR ResNet-20 of the paper, trained by this package on CIFAR-10's ten classes",
    architecture: 'resnet20',
    // Bundlers find the file by this very form of address and take it along. What has no address throws only when asked.
    file: () => new URL('../../models/cifar10-resnet20.safetensors', import.meta.url),
  },
]

/** The row of this name, or `undefined`. */
export function findShipped(name: string): ShippedModel | undefined {
  return SHIPPED_MODELS.find((row) => row.name === name)
}

/** What helps where a bundle has not taken a shipped model along. */
export const leftBehind =
  "copy the package's models/cifar10-resnet20.safetensors beside the bundle, and give loadModel its bytes (in Node: its path)"
