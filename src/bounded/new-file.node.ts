/** A file that is written piece by piece, at once: nothing of it waits in memory, and errors come out where they arise. */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { TarSink } from './tar.node.ts'

/** Makes a file and the folders above it; an older one of its name makes room. */
export function newFile(path: string): TarSink {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 })
  const file = openSync(path, 'w', 0o644)
  return {
    write(piece) {
      for (let at = 0; at < piece.length; ) at += writeSync(file, piece, at)
    },
    end: () => closeSync(file),
  }
}
