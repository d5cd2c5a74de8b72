/** Drawings of two kinds, and a network that is adapted to them: the shipped model's features, and a classifier of its own. */
import { train, trainingSetOf } from 'resnet-ts'
import { open } from './answer.ts'
import { clear, drawing, drawOne } from './drawing.ts'
import { element, onClick } from './page.ts'
import { fileOf, offer } from './save.ts'

const kinds = (['first', 'second'] as const).map((id) => ({
  name: element(id, HTMLInputElement),
  count: element(`count-${id}`, HTMLElement),
  button: `add-${id}`,
  drawings: [] as ImageData[],
}))
const page = {
  train: element('train', HTMLButtonElement),
  save: element('save', HTMLAnchorElement),
  progress: element('progress', HTMLProgressElement),
  lesson: element('lesson', HTMLElement),
}

/** Fewer drawings of a kind than these teach nothing. */
const needed = 4

export function letTeach(): void {
  for (const kind of kinds) {
    onClick(kind.button, () => {
      kind.drawings.push(drawing())
      clear()
      tellCounts()
    })
  }
  onClick('draw-some', () => {
    const names = ['circle', 'cross'] as const
    kinds.forEach(({ drawings }, i) => {
      for (let n = 0; n < 12; n++) drawings.push(drawOne(names[i] ?? 'circle'))
    })
    clear()
    tellCounts()
  })
  onClick('train', learn)
}

function tellCounts(): void {
  for (const { count, drawings } of kinds) count.textContent = String(drawings.length)
  page.train.disabled = kinds.some(({ drawings }) => drawings.length < needed)
}

async function learn(): Promise<void> {
  page.train.disabled = true
  page.progress.hidden = false
  const pictures = kinds.flatMap(({ name, drawings }) =>
    drawings.map((picture) => ({ label: name.value, picture })),
  )
  try {
    const data = trainingSetOf('drawings', pictures, { seed: 1, validation: 0.25 })
    for await (const event of train({ data, from: 'cifar10-resnet20', recipe: 'features' })) {
      if (event.kind === 'features') page.progress.value = event.done / event.total
      if (event.kind === 'epoch') {
        const right =
          event.val === undefined ? '' : `, ${Math.round(100 * event.val.top1)} % of unseen ones right`
        page.lesson.textContent = `Epoch ${event.epoch}: loss ${event.train.loss.toFixed(3)}${right}`
      }
      if (event.kind !== 'ended') continue
      const file = await fileOf(event.model)
      offer(page.save, file, 'drawings.safetensors')
      await open(file)
    }
  } catch (error) {
    page.lesson.textContent = error instanceof Error ? error.message : String(error)
  } finally {
    page.progress.hidden = true
    tellCounts()
  }
}
