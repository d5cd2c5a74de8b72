/** Words of command lines that people are told to type. */

/**
 * A word as a shell takes it. Double quotes, where they are enough, are what Windows' shells take too; single ones keep
 * everything else as it is in a POSIX shell.
 */
export function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word
  // A backslash stays one between double quotes, unless the shell reads what follows it as meant.
  if (/^(?:[^"$`!\\\p{Cc}]|\\(?!["$`!\\]|$))*$/u.test(word)) return `"${word}"`
  return `'${word.replaceAll("'", "'\\''")}'`
}

/** A path as a shell and a command take it: one that begins with a dash would be read as an option. */
export function shellPath(path: string): string {
  return shellWord(path.startsWith('-') ? `./${path}` : path)
}

/**
 * A path as a file shows it that is made to be handed on. One from the root of a disk, or an address, says whose machine it is
 * on: its last part stands for it.
 */
export function sharedPath(path: string): string {
  if (!/^([/\\~]|[a-z][a-z0-9+.-]*:[/\\])/i.test(path)) return path
  const parts = path.replace(/[?#].*$/s, '').split(/[/\\]+/)
  return parts.findLast((part) => part !== '') ?? path
}
