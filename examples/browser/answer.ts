/** What the model says of a picture, and where in it the answer is seen. */
import {
  ArgumentError,
  drawMap,
  type LoadedModel,
  loadModel,
  type ModelSource,
  type Picture,
  type PictureInput,
  type Prediction,
} from 'resnet-ts'
import { element, say } from './page.ts'

const page = {
  answers: element('answers', HTMLElement),
  engine: element('engine', HTMLElement),
  seen: element('seen', HTMLCanvasElement),
  map: element('map', HTMLCanvasElement),
  where: element('where', HTMLElement),
}

let loaded: LoadedModel | undefined
let shown: PictureInput | undefined

/** Takes another model, which answers for the picture that is shown. */
export async function open(source: ModelSource): Promise<void> {
  const before = loaded
  loaded = await loadModel(source)
  await before?.dispose()
  page.engine.textContent = `${loaded.model.name} on ${loaded.engine}: ${loaded.runsOn}`
  if (shown !== undefined) await classify(shown)
}

export async function classify(picture: PictureInput): Promise<void> {
  shown = picture
  if (loaded === undefined) return say('The model is not there yet.')
  say('Looking …')
  const start = performance.now()
  const predictions = await loaded.classify(picture)
  const milliseconds = Math.round(performance.now() - start)
  page.answers.replaceChildren(...predictions.map(answer))
  await showMap(loaded, picture)
  say(`${milliseconds} ms, reading the picture included.`)
}

async function showMap(model: LoadedModel, picture: PictureInput): Promise<void> {
  const seen = await model.seen(picture)
  paint(page.seen, seen)
  // A head that is not a global pool and one classifier has no maps.
  const map = await model.activationMap(picture).catch((error: unknown) => {
    if (!(error instanceof ArgumentError)) throw error
  })
  page.where.textContent = map === undefined ? 'this network has no map' : `where it sees ${map.label}`
  if (map !== undefined) paint(page.map, drawMap(seen, map))
}

function answer({ label, probability }: Prediction): HTMLElement {
  const item = document.createElement('li')
  const share = document.createElement('output')
  const meter = document.createElement('meter')
  share.textContent = `${(probability * 100).toFixed(1)} %`
  meter.value = probability
  item.append(label, share, meter)
  return item
}

function paint(canvas: HTMLCanvasElement, { width, height, data }: Picture): void {
  const image = new ImageData(width, height)
  for (let pixel = 0; pixel < width * height; pixel++) {
    image.data.set(data.subarray(3 * pixel, 3 * pixel + 3), 4 * pixel)
    image.data[4 * pixel + 3] = 255
  }
  canvas.width = width
  canvas.height = height
  canvas.getContext('2d')?.putImageData(image, 0, 0)
}
