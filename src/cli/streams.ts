/** What becomes of a command when nobody takes what it writes. */
import { writeSync } from 'node:fs'

export interface Unheard {
  /** Nobody reads the answer any more: a reader that has seen enough (`resnet list | head`), or a terminal that is gone. */
  closed(): void
  /** What cannot be written for another reason, as on a full disk. */
  failed(): void
}

/** Watches standard output and error: an error of theirs is never a stack trace. */
export function watchStreams({ closed, failed }: Unheard): void {
  const streams = [
    ['standard output', process.stdout],
    ['standard error', process.stderr],
  ] as const
  for (const [name, stream] of streams) {
    let told = false
    stream.on('error', ({ code = 'error' }: NodeJS.ErrnoException) => {
      if (['EPIPE', 'EIO', 'ERR_STREAM_DESTROYED'].includes(code)) {
        // Notes that nobody reads are no reason to stop.
        if (stream === process.stdout) closed()
        return
      }
      if (!told) tellPlainly(`resnet: ${name} cannot be written (${code}); is the disk full?\n`)
      told = true
      failed()
    })
  }
}

/** Past the streams, one of which is broken. */
function tellPlainly(text: string): void {
  try {
    writeSync(2, text)
  } catch {
    // Standard error is the one that cannot be written.
  }
}
