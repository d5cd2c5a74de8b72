/** A page that answers what a picture shows, draws where it sees that, and learns drawings: all of it computed in the page. */
import type { PictureInput } from 'resnet-ts'
import { classify, open } from './answer.ts'
import { clear, drawing, letDraw } from './drawing.ts'
import { letTeach } from './learn.ts'
import { attempt, element, onClick, say } from './page.ts'

/** Of classes that the shipped model knows. */
const names = ['ship', 'airplane', 'automobile', 'truck']

const pictures = element('pictures', HTMLElement)

function pictureButton(name: string): HTMLButtonElement {
  const image = document.createElement('img')
  image.src = new URL(`./pictures/${name}.png`, import.meta.url).href
  image.alt = name
  const button = document.createElement('button')
  button.type = 'button'
  button.title = name
  button.append(image)
  button.addEventListener('click', () =>
    attempt(async () => {
      press(button)
      const response = await fetch(image.src)
      await classify(await response.blob())
    }),
  )
  return button
}

/** Shows which of the page's pictures is the one that is answered; none where it is another. */
function press(button?: HTMLButtonElement): void {
  for (const other of buttons) other.setAttribute('aria-pressed', String(other === button))
}

function answerFor(picture: PictureInput): Promise<void> {
  press()
  return classify(picture)
}

function onFile(id: string, work: (file: File) => Promise<void>): void {
  const input = element(id, HTMLInputElement)
  input.addEventListener('change', () =>
    attempt(async () => {
      const [file] = input.files ?? []
      if (file !== undefined) await work(file)
    }),
  )
}

const buttons = names.map(pictureButton)
pictures.append(...buttons)
onFile('picture', answerFor)
onFile('model', (file) => {
  say(`Reading ${file.name} …`)
  return open(file)
})
letDraw(() => attempt(() => answerFor(drawing())))
onClick('clear', clear)
letTeach()

await attempt(() => open('cifar10-resnet20'))
buttons[0]?.click()
