/** The parts of a report that are tables: figures by class, what the network costs, the settings. */
import { formatCount, formatMap, formatShare, formatShort } from '../../analysis/format.ts'
import { summarise } from '../../analysis/summary.ts'
import { buildResNet } from '../../architecture/build.ts'
import type { Counts } from '../../inference/tally.ts'
import type { RunSettings, Started } from '../events.ts'
import { type ClassFigures, classFigures } from './classes.ts'
import { type Html, html, nothing } from './html.ts'
import { hasNamedRecipe, repeatCommand } from './repeat.ts'

/** More classes than these are folded away, but for the worst. */
const shownClasses = 30

export function classesSection(counts: Counts): Html {
  const classes = classFigures(counts)
  const rest = classes.slice(shownClasses)
  const folded = html`<details><summary>${formatCount(rest.length)} more classes, which go better</summary>${classTable(rest)}</details>`
  return html`<section><h2>Classes, the worst first</h2>${classTable(classes.slice(0, shownClasses))}${rest.length === 0 ? nothing : folded}</section>`
}

function classTable(classes: readonly ClassFigures[]): Html {
  const rows = classes.map(
    ({ label, images, precision, recall, f1 }) =>
      html`<tr><td>${label}</td><td>${formatCount(images)}</td><td>${formatShare(recall)}</td><td>${formatShare(precision)}</td><td>${formatShare(f1)}</td></tr>
`,
  )
  return html`<div class="scroll"><table><thead><tr><th>class</th><th>pictures</th><th title="share of its pictures that are answered rightly">recall</th><th title="share of its answers that are right">precision</th><th title="harmonic mean of recall and precision">F1</th></tr></thead><tbody>${rows}</tbody></table></div>`
}

export function costSection({ settings, trained, runsOn }: Started): Html {
  const { sections, parameters, macs, memory, depth } = summarise(buildResNet(settings.config))
  const rows = sections.map(
    (section) =>
      html`<tr><td>${section.name}</td><td>${formatMap(section.outputShape)}</td><td>${formatCount(section.parameters)}</td><td>${formatShort(section.macs)}</td><td>${formatShare(section.macs / macs)}</td></tr>
`,
  )
  const [height, width] = settings.config.input
  return html`<section><h2>The network</h2>
<p>${settings.arch}: ${depth} layers deep, for pictures of ${height} × ${width}. ${
    trained === parameters ? '' : `${formatCount(trained)} of its parameters are trained. `
  }The activations of a picture take ${formatShort(memory.training)}B in training and ${formatShort(memory.inference)}B after it. Trained on ${runsOn}.</p>
<div class="scroll"><table><thead><tr><th>section</th><th>output</th><th>parameters</th><th>multiply-adds</th><th>share</th></tr></thead><tbody>${rows}</tbody>
<tfoot><tr><td>in all</td><td></td><td>${formatCount(parameters)}</td><td>${formatShort(macs)}</td><td></td></tr></tfoot></table></div></section>`
}

export function settingsSection(settings: RunSettings): Html {
  const { recipe, recipeName, preprocessing, seed, from, teacher } = settings
  const { description, source, augmentation, fineTuning, ...training } = recipe
  const about = { seed, ...(from === null ? {} : { from }), ...(teacher === null ? {} : { teacher }) }
  return html`<section><h2>Settings</h2>
<p>The recipe <b>${recipeName}</b>: ${description} <span class="quiet">${source}</span></p>
<div class="columns">${settingsTable('training', { ...about, ...training })}<div>${settingsTable('augmentation', augmentation)}${
    from === null ? nothing : settingsTable('fine-tuning', fineTuning)
  }${settingsTable('preprocessing', preprocessing)}</div></div>
<p>To train it again${hasNamedRecipe(settings) ? '' : ', with the recipe in config.json as a file of its own'}:</p>
<pre>${repeatCommand(settings)}</pre></section>`
}

function settingsTable(title: string, value: unknown): Html {
  const rows = leavesOf(value, '').map(
    ([key, text]) => html`<tr><td>${key}</td><td>${text}</td></tr>
`,
  )
  return html`<table class="settings"><thead><tr><th>${title}</th><th></th></tr></thead><tbody>${rows}</tbody></table>`
}

/** Every field of a value that is no object itself, by its dotted key. */
function leavesOf(value: unknown, key: string): readonly (readonly [key: string, text: string])[] {
  if (value === null) return [[key, '–']]
  if (typeof value === 'number') return [[key, String(Number(value.toPrecision(6)))]]
  if (typeof value !== 'object') return [[key, String(value)]]
  if (Array.isArray(value))
    return [
      [
        key,
        value
          .map((entry) =>
            leavesOf(entry, '')
              .map(([, text]) => text)
              .join(' '),
          )
          .join(', '),
      ],
    ]
  return Object.entries(value).flatMap(([name, field]) =>
    leavesOf(field, key === '' ? name : `${key}.${name}`),
  )
}
