/** A canvas on which a finger or a mouse draws; the page can draw circles and crosses on it by itself. */
import { element } from './page.ts'

const canvas = element('drawing', HTMLCanvasElement)
const context = canvas.getContext('2d', { willReadFrequently: true })
const { width, height } = canvas

export function clear(): void {
  if (context === null) return
  context.fillStyle = '#ffffff'
  context.fillRect(0, 0, width, height)
}

/** The pixels that are drawn now. */
export function drawing(): ImageData {
  if (context === null) throw new Error('this browser draws on no canvas')
  return context.getImageData(0, 0, width, height)
}

/** `done` is called when a line is finished. */
export function letDraw(done: () => void): void {
  if (context === null) return
  clear()
  context.lineWidth = 10
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
  canvas.addEventListener('pointerup', done)
}

/** Draws one of the two kinds, each time a little elsewhere. */
export function drawOne(kind: 'circle' | 'cross'): ImageData {
  if (context !== null) {
    clear()
    const somewhere = (middle: number) => middle + 60 * (Math.random() - 0.5)
    const [x, y, radius] = [somewhere(width / 2), somewhere(height / 2), 35 + 35 * Math.random()]
    context.beginPath()
    if (kind === 'circle') context.arc(x, y, radius, 0, 2 * Math.PI)
    else {
      const turn = 0.5 * (Math.random() - 0.5)
      for (const angle of [Math.PI / 4 + turn, (3 * Math.PI) / 4 + turn]) {
        const [dx, dy] = [radius * Math.cos(angle), radius * Math.sin(angle)]
        context.moveTo(x - dx, y - dy)
        context.lineTo(x + dx, y + dy)
      }
    }
    context.stroke()
  }
  return drawing()
}
