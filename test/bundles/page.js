// Bundled for pages: classifies the picture beside the page, with the model that the address names or else the file beside it.
import { loadModel } from 'resnet-ts'

async function classify() {
  const name = new URLSearchParams(location.search).get('model')
  const model = await loadModel(name ?? (await (await fetch('model.safetensors')).blob()))
  const [best] = await model.classify(await (await fetch('picture.png')).blob())
  return best
}

classify().then(
  (best) => document.body.append(JSON.stringify(best)),
  (error) => document.body.append(String(error)),
)
