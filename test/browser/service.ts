/** A service worker that answers with the scores of a picture by a model, both fetched from the server. */
import { loadModel } from 'resnet-ts'

addEventListener('message', ({ data, ports }) => {
  const [port] = ports
  answer(data.model, data.picture)
    .catch((error: unknown) => ({ runsOn: String(error), logits: [] }))
    .then((found) => port?.postMessage(found))
})

async function answer(model: string, picture: string) {
  const loaded = await loadModel(model, { threads: 2 })
  const logits = await loaded.logitsOf(await loaded.prepare(picture))
  return { runsOn: `${loaded.runsOn}; isolated: ${crossOriginIsolated}`, logits: [...logits] }
}
