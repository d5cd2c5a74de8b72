/** The threads' program as a module of its own, which bundlers find and policies allow as any script of the page's server. */
import { hello } from './hello.ts'
import { type ThreadData, threadMain } from './thread.ts'

self.onmessage = ({ data }: MessageEvent<ThreadData | typeof hello>) => {
  if (data === hello) postMessage(hello)
  else threadMain(data, (message) => postMessage(message))
}
