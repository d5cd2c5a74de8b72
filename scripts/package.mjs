// Checks of the package as a user gets it: packed, installed into an empty project, its command and the README's library
// examples run there, its types and exports examined.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { docSteps } from './docs.mjs'

/** The steps by name, in order. */
export function packageSteps({ root, scratch, tool }) {
  const project = join(scratch, 'project')
  let tarball = ''
  return [
    [
      'package: packs',
      () => {
        npm(root, ['pack', '--ignore-scripts', '--pack-destination', scratch])
        tarball = join(scratch, readdirSync(scratch).find((name) => name.endsWith('.tgz')) ?? '')
      },
    ],
    [
      'package: installs into an empty project',
      () => {
        mkdirSync(project)
        writeFileSync(join(project, 'package.json'), '{ "name": "empty", "private": true, "type": "module" }')
        npm(project, ['install', '--prefer-offline', '--no-audit', '--no-fund', tarball])
        cpSync(join(root, 'examples/pictures'), join(project, 'examples/pictures'), { recursive: true })
      },
    ],
    [
      'package: the command says its version',
      () => expectOutput(resnet(project, ['--version']), version(root)),
    ],
    ['package: the command lists networks', () => expectOutput(resnet(project, ['list']), 'resnet50')],
    [
      'package: the shipped model is in it, and classifies',
      () => {
        const args = ['classify', 'examples/pictures/balloon.png', '--model', 'cifar10-resnet20', '--json']
        expectOutput(resnet(project, args), '"label"')
      },
    ],
    ...examples(root).map(({ name, code }, index) => [
      `package: README's example "${name}" runs`,
      () => {
        if (code.includes('keras_in1k') && !hasPublishedModel(project)) {
          return { skipped: 'needs resnet50.keras_in1k, which is not cached here' }
        }
        const file = `example-${index}.mjs`
        writeFileSync(join(project, file), code)
        outcomes[name](run(process.execPath, [file], project))
        return undefined
      },
    ]),
    ...docSteps({ root, project }),
    ['package: publint', () => tool('publint/src/cli.js', ['--strict'])],
    [
      'package: types and exports',
      // For every kind of resolution, moduleResolution node too; CommonJS requires it as the module that it is.
      () => tool('@arethetypeswrong/cli/dist/index.js', [tarball, '--ignore-rules', 'cjs-resolves-to-esm']),
    ],
  ]
}

/** What a reader of the README's examples would be glad to see; an example without an entry fails. */
const outcomes = {
  'What a network costs': (said) => expectOutput(said, 'block.strideAt'),
  'What a picture shows': (said) => expectOutput(said, 'analog clock'),
  Training: (said) => {
    const epochs = said.split('\n').filter((line) => /^\d/.test(line))
    const figures = epochs.map((line) => line.split(' ').map(Number))
    const [first, last] = [figures.at(0), figures.at(-1)]
    if (!(last[1] < first[1] && last[2] >= 0.75))
      throw new Error(`the loss does not fall, or few answers are right:\n${said}`)
    expectOutput(said, "[ 'dark', 'light' ]")
  },
  'Where the time goes': (said) => expectOutput(said, "kind: '3x3-winograd'"),
  'An ONNX file': (said) => expectOutput(said, /^\d{7}\n$/),
  'A training step': (said) => expectOutput(`${said}.`, '.'),
}

/** The examples of the README's section on the library: each block of JavaScript under its last heading. */
function examples(root) {
  const text = readFileSync(join(root, 'README.md'), 'utf8')
  const found = []
  let heading = ''
  for (const part of text.split(/^(?=#+ |```)/m)) {
    const title = /^#+ (.*)/.exec(part)?.[1]
    if (title !== undefined) heading = title
    const code = /^```js\n([\s\S]*)/.exec(part)?.[1]
    if (code !== undefined) found.push({ name: heading, code })
  }
  if (found.length === 0) throw new Error('README.md has no library example (a block of js)')
  return found
}

/** Whether the published network can be had: fetched where the network is insisted on, else only from the cache. */
function hasPublishedModel(project) {
  if (process.env.RESNET_TS_REQUIRE_NETWORK === '1') return true
  const picture = readdirSync(join(project, 'examples/pictures')).find((name) => name.endsWith('.png'))
  // Without --model the command never downloads, and says which model it took.
  const { stderr } = spawnSync(process.execPath, [bin(project), 'classify', `examples/pictures/${picture}`], {
    cwd: project,
    encoding: 'utf8',
  })
  return stderr.includes('taking resnet50.keras_in1k')
}

function version(root) {
  return JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version
}

function bin(project) {
  return join(project, 'node_modules/resnet-ts/dist/cli/main.js')
}

function resnet(project, args) {
  return run(process.execPath, [bin(project), ...args], project)
}

/** npm by the script that runs this very npm, so that no shell is needed. */
function npm(cwd, args) {
  const script = process.env.npm_execpath
  return script?.endsWith('.js') ? run(process.execPath, [script, ...args], cwd) : run('npm', args, cwd)
}

function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (error !== undefined) throw error
  if (status !== 0)
    throw new Error(`${command} ${args.join(' ')} ended with status ${status}\n${stdout}${stderr}`)
  return stdout
}

function expectOutput(output, words) {
  const isThere = words instanceof RegExp ? words.test(output) : output.includes(words)
  if (!isThere) throw new Error(`the output lacks "${words}":\n${output.slice(0, 500)}`)
}
