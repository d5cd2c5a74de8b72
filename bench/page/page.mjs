// The page on which ours and the peers run in a browser: `measure` is called from outside, by peers/chromium.mjs.
import { timeSteps } from '../peers/time-steps.mjs'

const peers = {
  ours: () => import('./ours.mjs'),
  tfjs: () => import('./tfjs.mjs'),
  jax: () => import('./jax.mjs'),
}

globalThis.measure = async ({ peer, runs, ...work }) => {
  const { open } = await peers[peer]()
  const { step, runsOn } = await open(work)
  return { ms: await timeSteps(step, runs), runsOn }
}
