/**
 * Subresource integrity (https://www.w3.org/TR/SRI/) as npm writes it: `sha512-BASE64`, several with spaces between them. The
 * strongest algorithm counts; SHA-1, which old registries still report, does not.
 */
import { createHash, type Hash } from 'node:crypto'

const ALGORITHMS = ['sha512', 'sha384', 'sha256'] as const

export interface Integrity {
  readonly algorithm: (typeof ALGORITHMS)[number]
  /** Any of these is right; base64. */
  readonly digests: readonly string[]
}

/** Reads an integrity, or answers `undefined` when it holds no hash that can be trusted. */
export function parseIntegrity(text: string): Integrity | undefined {
  const entries = text.split(/\s+/).map((entry) => /^(sha\d+)-([A-Za-z0-9+/]+={0,2})(?:\?.*)?$/.exec(entry))
  for (const algorithm of ALGORITHMS) {
    const digests = entries.flatMap((entry) =>
      entry?.[1] === algorithm && entry[2] !== undefined ? [entry[2]] : [],
    )
    if (digests.length > 0) return { algorithm, digests }
  }
  return undefined
}

export function hashFor(integrity: Integrity): Hash {
  return createHash(integrity.algorithm)
}

/** The start of a hash, enough to compare two by eye: `sha512-4K9HBQ0VJ/S2...`. */
export function startOfHash(algorithm: string, digest: string): string {
  return `${algorithm}-${digest.slice(0, 12)}...`
}
