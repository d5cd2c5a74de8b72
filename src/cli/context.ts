/** What every command is given beside its own arguments. */
export interface Context {
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal
  /** The first Ctrl-C is waited for until the work is saved; a second one is not. */
  saveFirst(): void
  /** Sets the exit status where part of the work failed and the rest was answered. */
  setStatus(status: 0 | 1 | 2): void
}
