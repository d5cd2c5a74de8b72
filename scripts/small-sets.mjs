/**
 * Measures what a recipe's own settings reach on few pictures, beside settings made by hand: the table in docs/training.md.
 *
 *     node scripts/small-sets.mjs FOLDER SETTINGS.json RESULTS.jsonl [--test 1000] [--threads 1]
 *
 * FOLDER holds `train/` and `test/` with a folder for each class. SETTINGS is a list of `{ name, pictures, options }`: how
 * many of the training pictures are taken, of every class alike, and what `train()` is told besides the data. A line of
 * RESULTS is one run; those that are there already are not run again.
 */
import { appendFile, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { enableExperimentalSimd, train, trainingSetOf } from 'resnet-ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { test: { type: 'string', default: '1000' }, threads: { type: 'string', default: '1' } },
})
const [folder, settingsFile, results] = positionals

/** The first pictures of each class: as many of every class as make up the count. */
async function picturesOf(split, count) {
  const classes = (await readdir(join(folder, split))).sort()
  const lists = await Promise.all(
    classes.map(async (label) => {
      const files = (await readdir(join(folder, split, label))).sort()
      return files.slice(0, Math.round(count / classes.length)).map((file) => ({ label, file }))
    }),
  )
  return Promise.all(
    lists.flat().map(async ({ label, file }) => ({
      label,
      split,
      file: `${label}/${file}`,
      picture: await readFile(join(folder, split, label, file)),
    })),
  )
}

/** Where nothing else validates, a tenth of each class does, as `train` would set it apart. */
function withValidation(pictures) {
  const seen = new Map()
  return pictures.map((picture) => {
    const place = seen.get(picture.label) ?? 0
    seen.set(picture.label, place + 1)
    return place % 10 === 9 ? { ...picture, split: 'val' } : picture
  })
}

async function measure({ name, pictures, options }) {
  const learnt = withValidation(await picturesOf('train', pictures))
  const data = trainingSetOf(name, [...learnt, ...(await picturesOf('test', Number(values.test)))], {
    seed: 1,
  })
  const began = performance.now()
  const epochs = []
  let ended
  let recipe
  for await (const event of train({ data, seed: 1, threads: Number(values.threads), ...options })) {
    if (event.kind === 'started') recipe = event.settings.recipe
    if (event.kind === 'epoch') epochs.push(event)
    if (event.kind === 'ended') ended = event
  }
  const { batch, epochs: count, rate } = recipe
  return {
    name,
    pictures,
    batch,
    epochs: count,
    rate,
    steps: ended.steps,
    right: ended.test.top1,
    loss: ended.test.loss,
    best: ended.best,
    last: epochs.at(-1)?.val,
    train: epochs.at(-1)?.train,
    seconds: Math.round((performance.now() - began) / 1000),
  }
}

enableExperimentalSimd()
const done = await readFile(results, 'utf8').catch(() => '')
const names = new Set(
  done
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line).name),
)
for (const setting of JSON.parse(await readFile(settingsFile, 'utf8'))) {
  if (names.has(setting.name)) continue
  const line = await measure(setting).catch((error) => ({ name: setting.name, error: error.message }))
  await appendFile(results, `${JSON.stringify(line)}\n`)
  console.log(JSON.stringify(line))
}
