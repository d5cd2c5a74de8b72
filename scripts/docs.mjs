// The lines of the README and of docs/ as a reader types them, run in a project that has the packed package, with what a
// reader would be glad of as their outcome. A line that is neither run nor left out by name fails, and so does a name that
// no page has any more.
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import sharp from 'sharp'
import { create } from 'tar'

/**
 * What is run, by its line. `needs`: `network` for the published network (95 MB), `minutes` for what trains or measures long.
 * `before` prepares what only this line reads.
 */
const lines = {
  'resnet list --family gluon': { check: says('gluon_resnet50_v1d') },
  'resnet show resnet50 --block 2.0': { check: says('25,557,032', 'stride') },
  'resnet compare resnet50_v1 resnet50': { check: says('stride') },
  'resnet compare gluon_resnet50_v1c gluon_resnet50_v1d': { check: saysAsPrinted },
  'resnet classify photo.jpg --model resnet50.keras_in1k': { needs: 'network', check: says(/ship|liner/) },
  'resnet train photos --from resnet50.keras_in1k': { needs: 'network', check: learns('runs/photos', 0.6) },
  'resnet train photos': { needs: 'minutes', check: learns('runs/photos', 0.6) },
  'resnet train photos --recipe photos --epochs 100 --set augmentation.mixup=0.2 --set average=0.99': {
    needs: 'minutes',
    check: learns('runs/photos', 0.5),
  },
  'resnet classify new.jpg --model runs/photos/best.safetensors': { needs: 'minutes', check: says('%') },
  'resnet train photos --out runs/photos --resume': {
    needs: 'minutes',
    check: leaves('runs/photos/report.html'),
  },
  'resnet classify photo.jpg --cam map.png --class "analog clock"': {
    needs: 'network',
    check: leaves('map.png'),
  },
  'resnet classify photos/ --out a.csv --sort sorted': { check: all(leaves('a.csv'), leaves('sorted')) },
  'resnet train photos --from resnet50.keras_in1k --out runs/photos --resume': {
    needs: 'network',
    before: noRuns,
    check: learns('runs/photos', 0.6),
  },
  'resnet convert runs/photos photos.safetensors --half': {
    needs: 'minutes',
    check: leaves('photos.safetensors'),
  },
  'resnet evaluate pictures.tar --model M': { before: shippedModel, check: says('100.0 %') },
  'resnet embed photo.jpg --model M --stage 4': { before: fourStages, check: says(/\d\.\d/) },
  'resnet embed photos/ --model M --out features.parquet': { check: leaves('features.parquet') },
  'resnet bench resnet50 --per-layer': { needs: 'minutes', check: says('3×3') },
  'resnet bench resnet50 --plot roofline.svg': { needs: 'minutes', check: leaves('roofline.svg') },
  'resnet show resnet50 --algorithms': { check: says('Winograd') },
  'resnet convert checkpoint.pth model.safetensors': { check: leaves('model.safetensors') },
  'resnet convert resnet50 resnet50.onnx': { check: leaves('resnet50.onnx') },
  'resnet train --help': { check: says('--recipe') },
}

const leftOut = {
  'npm ci && npm run demo': 'installs the clone that this test runs in, and trains for a minute',
  'npm ci && npm test': 'is this test',
  'npm install --global resnet-ts':
    'takes the published package, not this one; the packed one is installed instead',
  'resnet data cifar10 --out datasets':
    'fetches 170 MB; the tests of datasets fetch from a server of their own',
  'resnet data cifar10': 'fetches 170 MB',
  'resnet convert resnet50.keras_in1k model.safetensors': 'fetches 95 MB; another line converts a checkpoint',
  'resnet classify new.jpg --model': 'is the beginning of a line',
  'resnet classify': 'names a command',
  'resnet list': 'names a command',
  'resnet classify cat.jpg --model resnet50.pth --set block.strideAt=conv1':
    'reads a checkpoint of 100 MB that no test brings; the tests of recognition choose fields',
  'resnet train photos --from resnet50.keras_in1k --out runs/head': 'is the line before with another folder',
  "resnet train photos --from runs/head/last.safetensors --recipe fine-tune --freeze 4 --epochs 6 --rate 0.01 --set fineTuning.headEpochs=0 --set fineTuning.copies=3 --set 'augmentation.crop.area=[0.7,1]' --set labelSmoothing=0":
    'trains the last stage of ResNet-50 for many minutes',
  'resnet train cifar10-jpeg.tar --arch cifar_resnet20 --recipe one-cycle --validation 0 --mean 0.4914,0.4822,0.4465 --std 0.2470,0.2435,0.2616 --seed 1':
    'trains on 50,000 pictures for ten minutes',
  'resnet train cifar10-jpeg.tar --arch cifar_resnet20 --recipe cifar10-resnet20 --validation 0 --mean 0.4914,0.4822,0.4465 --std 0.2470,0.2435,0.2616 --seed 0':
    'trains on 50,000 pictures for an hour',
  'ONNXRUNTIME_NODE_INSTALL=skip npm ci --prefix bench': 'installs the peers, 900 MB',
  'npm run build': 'is done before all tests',
  'npm run bench': 'measures for half an hour',
  'npm run bench -- inference training-resnet20 --rounds 7 --name epyc': 'measures for half an hour',
}

/** The steps by name, in the order of the pages. */
export function docSteps({ root, project }) {
  const found = linesOf(root)
  const run = found.filter(({ line }) => Object.hasOwn(lines, line))
  return [
    ['docs: every line is run or left out by name', () => accountFor(found)],
    ['docs: what the lines read is there', () => prepare(root, project)],
    ...run.map(({ page, line, printed }) => [
      `docs: ${page}: ${line}`,
      () => runLine(line, { root, project, printed }),
    ]),
  ]
}

/** Each command once: in blocks of a shell, in indented blocks, in tables and in running text. */
function linesOf(root) {
  const pages = [
    'README.md',
    ...readdirSync(join(root, 'docs'))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  ]
  const found = new Map()
  for (const page of pages) {
    for (const entry of commandsOf(readFileSync(join(root, page), 'utf8'))) {
      const before = found.get(entry.line)
      if (before === undefined || entry.printed !== undefined) found.set(entry.line, { page, ...entry })
    }
  }
  return [...found.values()]
}

function commandsOf(text) {
  const commands = []
  const add = (line, printed) => commands.push({ line: line.replace(/\s+# .*$/, '').trim(), printed })
  const prose = text.replace(/^```(\w*)\n([\s\S]*?)^```/gm, (_, language, block) => {
    const isShell = language === 'sh' || (language === '' && /^(\$ |npm |resnet |[A-Z_]+=)/.test(block))
    const joined = block.replace(/\\\n\s*/g, '')
    if (isShell && joined.startsWith('$ ')) add(joined.split('\n')[0].slice(2), joined.split('\n').slice(1))
    else if (isShell) for (const line of joined.split('\n').filter((each) => each.trim() !== '')) add(line)
    return ''
  })
  for (const [line] of prose.replace(/\\\n\s*/g, '').matchAll(/^ {4}resnet .*$/gm)) add(line)
  for (const [, line] of prose.matchAll(/`(resnet [^`]*)`/g)) add(line)
  return commands
}

function accountFor(found) {
  const known = [...Object.keys(lines), ...Object.keys(leftOut)]
  const written = found.map(({ line }) => line)
  const unknown = written.filter((line) => !known.includes(line))
  const stale = known.filter((line) => !written.includes(line))
  if (unknown.length > 0)
    throw new Error(`neither run nor left out in scripts/docs.mjs:\n  ${unknown.join('\n  ')}`)
  if (stale.length > 0) throw new Error(`in scripts/docs.mjs, but on no page:\n  ${stale.join('\n  ')}`)
}

/** Three kinds of pictures to learn, some of classes that the shipped model knows, and a checkpoint. */
async function prepare(root, project) {
  // It draws with the built library, so it is there only after the step that builds.
  const { drawPicture } = await import('./demo/draw.mjs')
  for (const kind of ['spiral', 'star', 'waves']) {
    mkdirSync(join(project, 'photos', kind), { recursive: true })
    for (let n = 0; n < 24; n++)
      writeFileSync(join(project, 'photos', kind, `${n}.png`), await drawPicture(kind, 3, 0, n))
  }
  for (const name of ['ship', 'airplane', 'automobile', 'truck'])
    cpSync(join(root, `examples/browser/pictures/${name}.png`), join(project, 'known', name, '1.png'))
  await create(
    { cwd: join(project, 'known'), file: join(project, 'pictures.tar') },
    readdirSync(join(project, 'known')),
  )
  for (const name of ['photo.jpg', 'new.jpg'])
    await sharp(join(project, 'known/ship/1.png')).jpeg({ quality: 95 }).toFile(join(project, name))
  // A checkpoint is told by its bytes, whatever its name.
  cpSync(join(root, 'models/cifar10-resnet20.safetensors'), join(project, 'checkpoint.pth'))
}

/** The variables that insist on lines with needs. */
const insistence = { network: 'RESNET_TS_REQUIRE_NETWORK', minutes: 'RESNET_TS_MINUTES' }

async function runLine(line, { root, project, printed }) {
  const { needs, before, check } = lines[line]
  if (needs !== undefined && process.env[insistence[needs]] !== '1')
    return { skipped: `needs ${needs}: ${insistence[needs]}=1 runs it` }
  await before?.({ root, project })
  // Two lines of a page may be two ways to begin the same run.
  if (line.startsWith('resnet train') && !line.includes('--resume'))
    rmSync(join(project, 'runs'), { recursive: true, force: true })
  const outcome = runInShell(line, project)
  check({ ...outcome, project, printed })
  return undefined
}

/** As it is written, where `resnet` and this very Node are found. */
function runInShell(line, project) {
  const path = [join(project, 'node_modules/.bin'), dirname(process.execPath), process.env.PATH].join(
    delimiter,
  )
  const { status, stdout, stderr } = spawnSync(line, {
    cwd: project,
    shell: true,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
    env: { ...process.env, PATH: path },
  })
  if (status !== 0) throw new Error(`it ended with status ${status}\n${stdout}${stderr}`)
  return { stdout, stderr }
}

/** The line before may have left a run of other settings, which this one may not go on with: it begins its own. */
function noRuns({ project }) {
  rmSync(join(project, 'runs'), { recursive: true, force: true })
}

async function shippedModel({ root, project }) {
  cpSync(join(root, 'models/cifar10-resnet20.safetensors'), join(project, 'M'))
}

/** ResNet-18 on its first weights. */
async function fourStages({ root, project }) {
  const library = await import(pathToFileURL(join(root, 'dist/index.js')).href)
  const config = library.config('resnet18')
  await library.saveModel(join(project, 'M'), {
    name: 'M',
    config,
    tensors: library.initialise(library.buildResNet(config), 1),
    labels: [],
    preprocessing: library.preprocessingNamed('torch-imagenet'),
    provenance: new Map(),
    notes: [],
  })
}

function says(...words) {
  return ({ stdout }) => {
    for (const word of words) {
      const isThere = word instanceof RegExp ? word.test(stdout) : stdout.includes(word)
      if (!isThere) throw new Error(`it does not say ${word}:\n${stdout.slice(0, 2000)}`)
    }
  }
}

/** The lines that the page shows, up to its dots. */
function saysAsPrinted({ stdout, printed }) {
  const shown = printed
    .join('\n')
    .split(/\n\.\.\.\n?/)[0]
    .trimEnd()
  if (!stdout.startsWith(shown))
    throw new Error(`the page shows other lines than it says:\n${stdout.slice(0, 2000)}`)
}

function leaves(file) {
  return ({ project }) => {
    const path = join(project, file)
    if (!existsSync(path) || statSync(path).size === 0) throw new Error(`it leaves no ${file}`)
  }
}

/** Its loss falls, and more than this share of the pictures that it did not learn from is right. */
function learns(folder, share) {
  return ({ project }) => {
    const events = readFileSync(join(project, folder, 'events.jsonl'), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const epochs = events.filter(({ kind }) => kind === 'epoch')
    const [first, last] = [epochs.at(0), epochs.at(-1)]
    // A classifier on frozen features learns from every picture, and k folds judge it.
    const folds = events.findLast(({ kind }) => kind === 'ended')?.estimate?.top1
    const best = folds ?? Math.max(...epochs.map(({ val }) => val?.top1 ?? 0))
    const told = `loss ${first.train.loss} to ${last.train.loss}, at best ${best} right`
    if (!(last.train.loss < first.train.loss && best > share)) throw new Error(`it does not learn: ${told}`)
    leaves(join(folder, 'report.html'))({ project })
  }
}

function all(...checks) {
  return (outcome) => {
    for (const check of checks) check(outcome)
  }
}
