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
