/** What every command is given beside its own arguments. */
export interface Context {
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** Sets the exit status where part of the work failed and the rest was answered. */
  setStatus(status: 0 | 1 | 2): void
}
