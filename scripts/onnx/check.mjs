/**
 * Runs our ONNX files where people run them, one network of each form, and compares the answers with our own engine's:
 *
 *     npm run build && node scripts/onnx/check.mjs [--scratch FOLDER] [--only WORDS] [--reader NAME] [--opset N] [--input dynamic]
 *
 * ONNX Runtime 1.14 and 1.30 and OpenCV 5 come from npm into the scratch folder. OpenCV 4.6 is Debian's
 * (`apt-get install python3-opencv`), and is left out where /usr/bin/python3 has no cv2.
 */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { buildResNet, changed, config, initialise, toOnnx, wasmEngine } from 'resnet-ts'

const { values: given } = parseArgs({
  options: {
    scratch: { type: 'string', default: join(tmpdir(), 'resnet-ts-onnx') },
    only: { type: 'string', default: '' },
    reader: { type: 'string', default: '' },
    opset: { type: 'string', default: '17' },
    input: { type: 'string', default: 'fixed' },
  },
})

/** Greatest difference that counts as the same answer, over the greatest logit. */
const tolerance = 1e-4

const here = (name) => fileURLToPath(new URL(name, import.meta.url))

const readers = [
  {
    name: 'onnxruntime 1.14',
    package: 'onnxruntime-node@1.14.0',
    command: [process.execPath, here('onnxruntime.mjs')],
  },
  {
    name: 'onnxruntime 1.30',
    package: 'onnxruntime-node@1.30.0',
    command: [process.execPath, here('onnxruntime.mjs')],
  },
  { name: 'OpenCV 4.6', command: ['/usr/bin/python3', here('opencv.py')] },
  {
    name: 'OpenCV 5',
    package: '@techstark/opencv-js@5.0.0-release.1',
    command: [process.execPath, here('opencv.mjs')],
  },
]

/** Fewer blocks in each stage: depth adds time, no form. */
function shallow(stages) {
  return Object.fromEntries(Array.from({ length: stages ?? 0 }, (_, i) => [`stages.${i}.blocks`, 2]))
}

/** Numbers in [0, 1) that are the same at every call (mulberry32). */
function randomNumbers(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** First weights, but with statistics, scales and shifts that are no ones and zeros. */
function statesOf(graph) {
  const random = randomNumbers(1)
  const moved = (values) => values.map((value) => value + 0.4 * (random() - 0.5))
  return new Map(
    [...initialise(graph, 1)].map(([name, values]) => [
      name,
      graph.states.get(name).shape.length === 1 ? moved(values) : values,
    ]),
  )
}

async function answerOf(graph, states, image, batch) {
  const session = await wasmEngine.open(states, { threads: 1 })
  try {
    await session.add('run', graph, { batch })
    return (await session.run('run', new Map([['image', image]]))).get('logits')
  } finally {
    await session.dispose()
  }
}

/** Sizes at which a file is tried: its own, and where height and width are free another one too. */
function sizesOf([height, width]) {
  return given.input === 'dynamic'
    ? [
        [height, width],
        [height + 13, width + 6],
      ]
    : [[height, width]]
}

/** Writes the cases: files, pictures and the answers of our own engine to them. */
async function writeCases(folder) {
  const cases = []
  const options = {
    opset: Number(given.opset),
    ...(given.input === 'dynamic' ? { input: 'dynamic' } : {}),
  }
  for (const [index, row] of JSON.parse(await readFile(here('networks.json'), 'utf8')).entries()) {
    if (!row.what.includes(given.only) && !row.name.includes(given.only)) continue
    const network = changed(config(row.name), { ...shallow(row.depth), classes: 10, ...row.set })
    const graph = buildResNet(network)
    const states = statesOf(graph)
    const file = `${index}.onnx`
    try {
      await writeFile(join(folder, file), toOnnx(graph, states, options))
    } catch (error) {
      console.log(`not written: ${row.what} (${error.message})`)
      continue
    }
    for (const input of sizesOf(network.input)) {
      const sized = buildResNet(changed(network, { input }))
      for (const batch of [1, 2]) {
        const shape = [batch, network.inputChannels, ...input]
        const random = randomNumbers(batch)
        const image = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => 2 * random() - 1)
        const id = [index, ...shape].join('-')
        await writeFile(join(folder, `${id}.image`), new Uint8Array(image.buffer))
        const expected = [...(await answerOf(sized, states, image, batch))]
        cases.push({ id, file, what: row.what, name: row.name, shape, expected })
      }
    }
  }
  await writeFile(join(folder, 'cases.json'), JSON.stringify(cases))
  return cases
}

/** Installs a reader's package in a folder of its own; answers the folder. */
function install(reader) {
  const folder = join(given.scratch, reader.name.replaceAll(' ', '-'))
  const options = { encoding: 'utf8', env: { ...process.env, ONNXRUNTIME_NODE_INSTALL: 'skip' } }
  const wanted = ['install', '--prefix', folder, '--no-audit', '--no-fund', reader.package]
  const { status, stderr } = spawnSync('npm', wanted, options)
  if (status !== 0) throw new Error(`npm install ${reader.package}: ${stderr}`)
  return folder
}

/**
 * What a reader answers for each case: a line of JSON `{ id, logits }` or `{ id, error }`. A process that ends is started
 * again for the cases left; where it answered none, the first of them is what ended it.
 */
async function run(reader, folder, cases) {
  const packages = reader.package === undefined ? '' : install(reader)
  const answers = new Map()
  for (let left = cases; left.length > 0; left = left.filter(({ id }) => !answers.has(id))) {
    const [program, ...rest] = reader.command
    const ids = left.map(({ id }) => id)
    const child = spawn(program, [...rest, folder, packages, ...ids], { stdio: ['ignore', 'pipe', 'ignore'] })
    const closed = once(child, 'close')
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.startsWith('{')) continue
      const answer = JSON.parse(line)
      if (answer.missing !== undefined) return undefined
      answers.set(answer.id, answer)
    }
    const [code, signal] = await closed
    const [next] = left
    if (!answers.has(next.id)) answers.set(next.id, { id: next.id, error: `ended with ${signal ?? code}` })
  }
  return answers
}

function verdict({ expected }, answer) {
  if (answer.error !== undefined) return answer.error.split('\n').slice(-4).join(' ').trim()
  const greatest = Math.max(...expected.map(Math.abs))
  const differences = expected.map((value, i) => Math.abs(value - answer.logits[i]))
  const difference = Math.max(...differences) / greatest
  const right = answer.logits.length === expected.length && difference < tolerance
  return right ? undefined : `another answer: ${difference.toPrecision(2)} of the greatest logit away`
}

const folder = join(given.scratch, 'cases')
await mkdir(folder, { recursive: true })
const cases = await writeCases(folder)
for (const reader of readers.filter(({ name }) => name.includes(given.reader))) {
  const answers = await run(reader, folder, cases)
  if (answers === undefined) {
    console.log(`${reader.name}: not installed, left out`)
    continue
  }
  const failures = cases.flatMap((each) => {
    const failure = verdict(each, answers.get(each.id))
    return failure === undefined ? [] : [`  ${each.what} (${each.name}), [${each.shape}]: ${failure}`]
  })
  console.log(`${reader.name}: ${cases.length - failures.length} of ${cases.length} right`)
  for (const failure of failures) console.log(failure)
  if (failures.length > 0) process.exitCode = 1
}
