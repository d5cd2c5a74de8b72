/** A page that classifies pictures: the model comes from a file, and everything is computed in the page. */
import { type LoadedModel, loadModel, type PictureInput, type Prediction } from 'resnet-ts'

const pictures = [
  'analog-clock',
  'balloon',
  'crossword-puzzle',
  'digital-clock',
  'envelope',
  'maze',
  'spider-web',
  'traffic-light',
]

const page = {
  model: element('model', HTMLInputElement),
  engine: element('engine', HTMLElement),
  pictures: element('pictures', HTMLElement),
  picture: element('picture', HTMLInputElement),
  drawing: element('drawing', HTMLCanvasElement),
  answers: element('answers', HTMLElement),
  status: element('status', HTMLElement),
}

let loaded: LoadedModel | undefined
let shown: PictureInput | undefined

function element<E extends HTMLElement>(id: string, kind: new () => E): E {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new Error(`the page lacks #${id}`)
  return found
}

function say(words: string, kind: 'plain' | 'wrong' = 'plain'): void {
  page.status.textContent = words
  page.status.classList.toggle('wrong', kind === 'wrong')
}

/** Runs what a click asks for; what goes wrong is told in the page. */
async function attempt(work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), 'wrong')
  }
}

async function open(file: File): Promise<void> {
  say(`Reading ${file.name} …`)
  const before = loaded
  loaded = await loadModel(file)
  await before?.dispose()
  page.engine.textContent = `${loaded.model.name} on ${loaded.engine}: ${loaded.runsOn}`
  if (shown === undefined) say('Pick a picture.')
  else await classify(shown)
}

async function classify(picture: PictureInput): Promise<void> {
  shown = picture
  if (loaded === undefined) {
    say('Choose a model first.')
    return
  }
  say('Looking …')
  const start = performance.now()
  const predictions = await loaded.classify(picture)
  const milliseconds = Math.round(performance.now() - start)
  page.answers.replaceChildren(...predictions.map(answer))
  say(`${milliseconds} ms, reading the picture included.`)
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

function pictureButton(name: string): HTMLElement {
  const address = new URL(`../pictures/${name}.png`, import.meta.url).href
  const button = document.createElement('button')
  const image = document.createElement('img')
  image.src = address
  image.alt = name.replaceAll('-', ' ')
  button.type = 'button'
  button.title = image.alt
  button.append(image)
  button.addEventListener('click', () =>
    attempt(async () => {
      for (const other of page.pictures.children) other.setAttribute('aria-pressed', String(other === button))
      const response = await fetch(address)
      await classify(await response.blob())
    }),
  )
  return button
}

/** Lets a finger or a mouse draw, and classifies what is there when it is lifted. */
function letDraw(canvas: HTMLCanvasElement): void {
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (context === null) return
  const { width, height } = canvas
  context.fillStyle = '#ffffff'
  context.fillRect(0, 0, width, height)
  context.lineWidth = 8
  context.lineCap = 'round'
  canvas.addEventListener('pointerdown', ({ offsetX, offsetY, pointerId }) => {
    canvas.setPointerCapture(pointerId)
    context.beginPath()
    context.moveTo(offsetX, offsetY)
  })
  canvas.addEventListener('pointermove', ({ offsetX, offsetY, buttons }) => {
    if (buttons === 0) return
    context.lineTo(offsetX, offsetY)
    context.stroke()
  })
  canvas.addEventListener('pointerup', () =>
    attempt(() => classify(context.getImageData(0, 0, width, height))),
  )
}

page.pictures.append(...pictures.map(pictureButton))
letDraw(page.drawing)
page.model.addEventListener('change', () =>
  attempt(async () => {
    const [file] = page.model.files ?? []
    if (file !== undefined) await open(file)
  }),
)
page.picture.addEventListener('change', () =>
  attempt(async () => {
    const [file] = page.picture.files ?? []
    if (file !== undefined) await classify(file)
  }),
)
