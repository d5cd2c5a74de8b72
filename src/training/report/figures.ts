/** The parts of a report that are tables: the settings, and what the network costs. */
import { formatCount, formatMap, formatShare, formatShort } from '../../analysis/format.ts'
import { summarise } from '../../analysis/summary.ts'
import { buildResNet } from '../../architecture/build.ts'
import type { RunSettings, Started } from '../events.ts'
import type { Places } from './data.ts'
import { type Html, html, nothing } from './html.ts'
import { type Change, hasNamedRecipe, recipeChanges, repeatCommand } from './repeat.ts'

export function costSection({ settings, trained, runsOn }: Started): Html {
  const { sections, parameters, macs, memory, depth } = summarise(buildResNet(settings.config))
  const rows = sections.map(
    (section) =>
      html`<tr><td>${section.name}<small>${formatMap(section.outputShape)}</small></td><td>${formatCount(section.parameters)}</td><td>${formatShort(section.macs)}</td><td>${formatShare(section.macs / macs)}</td></tr>
`,
  )
  const [height, width] = settings.config.input
  return html`<section><h2>The network</h2>
<p>${settings.arch}: ${depth} layers deep, for pictures of ${height} × ${width}. ${
    trained === parameters ? '' : `${formatCount(trained)} of its parameters are trained. `
  }The activations of a picture take ${formatShort(memory.training)}B in training and ${formatShort(memory.inference)}B after it. Trained on ${runsOn}.</p>
<details><summary>Its ${formatCount(parameters)} parameters and ${formatShort(macs)} multiply-adds by section</summary>
<table><thead><tr><th>section, output</th><th>parameters</th><th title="multiply-adds">MACs</th><th>share</th></tr></thead><tbody>${rows}</tbody></table></details></section>`
}

export function settingsSection(settings: RunSettings, places: Places): Html {
  const { recipe, recipeName, preprocessing, seed, from, teacher } = settings
  const { description, source, augmentation, fineTuning, ...training } = recipe
  const about = { seed, ...(from === null ? {} : { from }), ...(teacher === null ? {} : { teacher }) }
  return html`<section><h2>Settings</h2>
<p>The recipe <b>${recipeName}</b>: ${description} <span class="quiet">${source}</span></p>
${changesTable(recipeChanges(settings))}
<details><summary>All settings</summary><div class="columns">${settingsTable('training', { ...about, ...training })}<div>${settingsTable('augmentation', augmentation)}${
    from === null ? nothing : settingsTable('fine-tuning', fineTuning)
  }${settingsTable('preprocessing', preprocessing)}</div></div></details>
<p>To train it again${hasNamedRecipe(settings) ? '' : ', with the recipe in config.json as a file of its own'}:</p>
<pre>${repeatCommand(settings, places)}</pre></section>`
}

function changesTable(changes: readonly Change[]): Html {
  if (changes.length === 0) return html`<p>Nothing in it was changed.</p>`
  const rows = changes.map(
    ({ key, before, now }) => html`<tr><td>${key}</td><td>${textOf(now)}</td><td>${textOf(before)}</td></tr>
`,
  )
  return html`<table class="settings"><thead><tr><th>changed</th><th>here</th><th>in the recipe</th></tr></thead><tbody>${rows}</tbody></table>`
}

function settingsTable(title: string, value: unknown): Html {
  const rows = leavesOf(value, '').map(
    ([key, text]) => html`<tr><td>${key}</td><td>${text}</td></tr>
`,
  )
  return html`<table class="settings"><thead><tr><th>${title}</th><th></th></tr></thead><tbody>${rows}</tbody></table>`
}

/** A value in one line: the fields of an object with their keys. */
function textOf(value: unknown): string {
  return leavesOf(value, '')
    .map(([key, text]) => (key === '' ? text : `${key} ${text}`))
    .join(', ')
}

/** Every field of a value that is no object itself, by its dotted key. */
function leavesOf(value: unknown, key: string): readonly (readonly [key: string, text: string])[] {
  if (value === null) return [[key, '–']]
  if (typeof value === 'number') return [[key, String(Number(value.toPrecision(6)))]]
  if (typeof value !== 'object') return [[key, String(value)]]
  if (Array.isArray(value)) return [[key, value.map(textOf).join(', ')]]
  return Object.entries(value).flatMap(([name, field]) =>
    leavesOf(field, key === '' ? name : `${key}.${name}`),
  )
}
