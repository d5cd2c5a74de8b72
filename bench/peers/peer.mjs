// Measures a peer in this process: `node peer.mjs onnxruntime-web resnet18 ...` prints { ms: [...], runsOn }.
import { answer } from './answer.mjs'
import { work } from './arguments.mjs'
import { timeSteps } from './time-steps.mjs'

await answer(async () => {
  const { open } = await import(`./${work.peer}.mjs`)
  const { step, runsOn } = await open(work)
  return { ms: await timeSteps(step, work.runs), runsOn }
})
