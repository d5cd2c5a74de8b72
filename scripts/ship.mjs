// Makes the shipped model of a run's best one, in half precision, and the page that tells how it was trained:
//   resnet train cifar10-jpeg.tar --arch cifar_resnet20 --recipe cifar10-resnet20 --validation 0 --out runs/cifar10
//   node scripts/ship.mjs runs/cifar10
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { readModel, saveModel } from '../dist/index.js'
import { drawConfusion } from '../dist/plots/confusion.js'
import { drawAccuracy, drawLoss, drawRate } from '../dist/plots/curves.js'

const name = 'cifar10-resnet20'
const root = fileURLToPath(new URL('..', import.meta.url))
const [run] = process.argv.slice(2)

const model = await readModel(join(run, 'best.safetensors'))
const bytes = await saveModel(join(root, `models/${name}.safetensors`), model, { precision: 'float16' })

const events = readFileSync(join(run, 'events.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line))
const of = (kind) => events.filter((event) => event.kind === kind)
const [started] = of('started')
const [ended] = of('ended').slice(-1)
const { settings } = started
const { test } = ended
const epochs = of('epoch')
const steps = of('step').filter((_, index, all) => index % Math.ceil(all.length / 500) === 0)

const pictures = join(root, 'docs', name)
mkdirSync(pictures, { recursive: true })
const plots = {
  'loss.svg': await drawLoss(epochs),
  'accuracy.svg': await drawAccuracy(epochs),
  'rate.svg': await drawRate(steps),
  'confusion.svg': await drawConfusion(test),
}
for (const [file, svg] of Object.entries(plots)) writeFileSync(join(pictures, file), svg)

const percent = (share) => `${(share * 100).toFixed(2)} %`
const row = (cells) => `| ${cells.join(' | ')} |`
const { mean, std } = settings.preprocessing
const four = (values) => values.map((value) => value.toFixed(4)).join(',')
const page = `# The shipped model \`${name}\`

A CIFAR ResNet-20 (${started.parameters.toLocaleString('en-US')} parameters), trained by this package on the
${settings.dataset.train.toLocaleString('en-US')} training pictures of CIFAR-10 as JPEG files, and kept in half precision
(${(bytes / 1e6).toFixed(2)} MB). Of the ${test.images.toLocaleString('en-US')} test pictures, which were read once at the end,
it names **${percent(test.top1)}** rightly, ${percent(test.top5)} within five; mean loss ${test.loss.toFixed(4)}.

\`\`\`sh
resnet train ${settings.dataset.name} --arch ${settings.arch} --recipe ${settings.recipeName} --validation ${settings.dataset.validation} \\
  --mean ${four(mean)} --std ${four(std)} --seed ${settings.seed}
\`\`\`

\`recipes/${settings.recipeName}.json\`: ${settings.recipe.description}. No validation pictures were set apart, so the model is
that of the last epoch.

| | |
| --- | --- |
| ![Loss by epoch](${name}/loss.svg) | ![Share of right answers by epoch](${name}/accuracy.svg) |
| ![Learning rate by step](${name}/rate.svg) | ![What test pictures are taken for](${name}/confusion.svg) |

## Classes

${row(['class', 'right', 'of'])}
${row(['---', '---', '---'])}
${test.perClass.map(({ label, correct, images }) => row([label, correct, images])).join('\n')}

## Log

Loss and right answers are those on augmented training pictures, as they were trained on.

${row(['epoch', 'loss', 'right', 'rate at its end'])}
${row(['---', '---', '---', '---'])}
${epochs
  .map(({ epoch, train, rate }) =>
    row([epoch, train.loss.toFixed(4), percent(train.accuracy), rate.toFixed(5)]),
  )
  .join('\n')}
`
writeFileSync(join(root, 'docs', `${name}.md`), page)
console.log(`${bytes} bytes; ${test.correct} of ${test.images} right`)
