/** The names that files carry, made safe to keep and to print. */
import { CheckpointError } from '../../errors.ts'

const tensorName = /^[\w.\-/:+ ]{1,256}$/

/** A name of a tensor as it may enter the program; throws `CheckpointError` on any other. */
export function checkTensorName(file: string, name: string): string {
  if (!tensorName.test(name)) {
    throw new CheckpointError(
      `${file}: ${quote(name)} is no name for a tensor; letters, digits, spaces and _ . - / : + are allowed, 256 at most`,
    )
  }
  return name
}

/** Text from a file, short and on one line, as messages show it. */
export function quote(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 80)}...` : text
  return JSON.stringify(short).replace(
    /[^\x20-\x7e]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
