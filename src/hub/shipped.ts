/** The models that come with the package itself: small ones, which no network needs to be asked for. */

/** One shipped model. */
export interface ShippedModel {
  readonly name: string
  readonly description: string
  /** The named variant that its tensors fill. */
  readonly architecture: string
  /** A model file beside the built package; bundlers find it by this very form of address and take it along. */
  readonly file: URL
}

export const SHIPPED_MODELS: readonly ShippedModel[] = [
  {
    name: 'cifar10-resnet20',
    description: "the CIFAR ResNet-20 of the paper, trained by this package on CIFAR-10's ten classes",
    architecture: 'resnet20',
    file: new URL('../../models/cifar10-resnet20.safetensors', import.meta.url),
  },
]

/** The row of this name, or `undefined`. */
export function findShipped(name: string): ShippedModel | undefined {
  return SHIPPED_MODELS.find((row) => row.name === name)
}
