/** The part of a report that says what to do with the model: lines to copy. */
import { shellWord } from '../../shell.ts'
import type { ReportData } from './data.ts'
import { type Html, html, nothing } from './html.ts'

/** `shortened`: whether the places are parts of paths, which lines to copy need whole. */
export function useSection({ places: { folder, data }, ended }: ReportData, shortened: boolean): Html {
  if (ended.best === null) return nothing
  const model = `${folder}/best.safetensors`
  const lines = [
    [
      'Name what a picture shows, and draw where it is seen',
      ['classify', 'photo.jpg', '--model', model, '--cam', 'map.png'],
    ],
    ['Count how often it is right on other pictures', ['evaluate', data, '--model', model]],
    ['Train on from it', ['train', data, '--from', model, '--out', `${folder}-2`]],
    ['Hand it to other programs as ONNX', ['convert', model, `${folder}/best.onnx`]],
  ] as const
  const commands = lines.map(
    ([words, args]) => html`<p>${words}:</p><pre>${['resnet', ...args].map(shellWord).join(' ')}</pre>`,
  )
  const about = html`<p class="quiet">Of whole paths this page keeps the last part, so that it can be handed on: complete them in what you copy.</p>`
  return html`<section><h2>Using the model</h2>${shortened ? about : nothing}${commands}<p>In a program:</p><pre>${program(model)}</pre></section>`
}

/** The name stands in the program as JavaScript has it; line ends stay, which an escaped text loses. */
function program(model: string): Html {
  return html`import { loadModel } from 'resnet-ts'

const model = await loadModel(${JSON.stringify(model)})
const [best] = await model.classify('photo.jpg')
console.log(best.label, best.probability)`
}
