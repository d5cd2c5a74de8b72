/**
 * Where docs/deploying.md says the package runs: its programs and settings are the files of `test/bundles`. The long run
 * installs the packed package and each tool in a folder of its own, builds with these files and runs what was built.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { chromium, type Page } from 'playwright-core'
import { build as buildByVite, createLogger, preview } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findChromium } from './browser/chromium.ts'
import { serve } from './browser/server.ts'
import { root } from './command.ts'
import { takesMinutes } from './minutes.ts'

const files = join(root, 'test/bundles')
const model = join(root, 'models/cifar10-resnet20.safetensors')
const picture = join(root, 'examples/pictures/balloon.png')
const answer = '"label":"bird"'
const browserPath = takesMinutes ? await findChromium() : undefined

function run(command: string, args: readonly string[], cwd: string) {
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' }
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', env })
  expect(status, `${args.join(' ')}\n${stdout}${stderr}`).toBe(0)
  return { stdout, stderr }
}

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), 'bundles-'))
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

/** A port that is free now. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() =>
        address !== null && typeof address === 'object'
          ? resolve(address.port)
          : reject(new Error('no port')),
      )
    })
  })
}

/** Starts a program that serves, and waits until it answers. */
async function started(program: string, cwd: string): Promise<{ child: ChildProcess; address: string }> {
  const port = await freePort()
  const env = { ...process.env, PORT: String(port), HOSTNAME: '127.0.0.1' }
  const child = spawn(process.execPath, [program], { cwd, env, stdio: ['ignore', 'ignore', 'inherit'] })
  const address = `http://127.0.0.1:${port}/`
  while (child.exitCode === null) {
    if (
      await fetch(address).then(
        () => true,
        () => false,
      )
    )
      return { child, address }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`${program} ended with ${child.exitCode}`)
}

/** The best answer of a page that is served from a folder. */
async function inPage<T>(address: string, look: (page: Page) => Promise<T>): Promise<T> {
  const browser = await chromium.launch({ executablePath: browserPath ?? '', args: ['--no-sandbox'] })
  try {
    const page = await browser.newPage()
    await page.goto(address)
    return await look(page)
  } finally {
    await browser.close()
  }
}

/** What a bundle has beside itself for pictures. */
function bringSharp(from: string, to: string): void {
  for (const name of ['sharp', '@img', 'detect-libc', 'semver'])
    cpSync(join(from, 'node_modules', name), join(to, 'node_modules', name), {
      recursive: true,
      dereference: true,
    })
}

describe('docs/deploying.md', () => {
  const page = readFileSync(join(root, 'docs/deploying.md'), 'utf8')

  test('shows programs and settings as they are tested', () => {
    const tested = readdirSync(files, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.m?js$/.test(name))
      .map((name) => readFileSync(join(files, name), 'utf8'))
    const shown = [...page.matchAll(/^```js\n([\s\S]*?)^```/gm)].map(([, code]) => code)
    expect(shown.length).toBeGreaterThan(8)
    for (const code of shown) expect(tested).toContain(code)
    const [parcel = ''] = /"@parcel[^`]*/.exec(page) ?? []
    expect(JSON.parse(readFileSync(join(files, 'package.json'), 'utf8'))).toMatchObject(
      JSON.parse(`{${parcel}}`),
    )
  })

  test("has Vite send a page's headers for threads", async () => {
    const folder = newFolder()
    try {
      mkdirSync(join(folder, 'dist'))
      writeFileSync(join(folder, 'dist/index.html'), '<!doctype html>')
      const configFile = join(files, 'vite.config.mjs')
      const server = await preview({ root: folder, configFile, preview: { port: await freePort() } })
      const response = await fetch(server.resolvedUrls?.local[0] ?? '')
      expect(response.headers.get('cross-origin-opener-policy')).toBe('same-origin')
      expect(response.headers.get('cross-origin-embedder-policy')).toBe('require-corp')
      await server.close()
    } finally {
      remove(folder)
    }
  })
})

test('a bundle for Node is built without a warning, and its one file classifies elsewhere with sharp and a model', async () => {
  const folder = newFolder()
  const out = join(folder, 'dist')
  const warnings: string[] = []
  const log = (message: string) => void warnings.push(message)
  try {
    await buildByVite({
      root: folder,
      configFile: false,
      customLogger: { ...createLogger('silent'), warn: log, warnOnce: log, error: log },
      resolve: { alias: { 'resnet-ts': join(root, 'dist/index.js') } },
      ssr: { noExternal: true, external: ['sharp', 'vega'] },
      build: {
        ssr: join(files, 'handler.mjs'),
        outDir: out,
        emptyOutDir: true,
        rolldownOptions: { output: { entryFileNames: 'handler.mjs', codeSplitting: false } },
      },
    })
    expect(warnings).toEqual([])
    expect(readdirSync(out).filter((name) => name.endsWith('js'))).toEqual(['handler.mjs'])
    copyFileSync(model, join(out, 'cifar10-resnet20.safetensors'))
    bringSharp(root, out)
    const body = JSON.stringify(readFileSync(picture).toString('base64'))
    const program = `import { handler } from './handler.mjs'; console.log(await handler({ body: ${body} }))`
    writeFileSync(join(out, 'call.mjs'), program)
    expect(run(process.execPath, ['call.mjs'], out).stdout).toContain(answer)
  } finally {
    remove(folder)
  }
})

describe.runIf(takesMinutes)('built by the tools themselves', () => {
  let folder = ''

  /** A folder with the tools, their settings, and this program as `main.js`. */
  function projectOf(program: string): string {
    const project = join(folder, `project-${readdirSync(folder).length}`)
    cpSync(files, project, { recursive: true })
    symlinkSync(join(folder, 'node_modules'), join(project, 'node_modules'), 'junction')
    if (program !== 'main.js') copyFileSync(join(files, program), join(project, 'main.js'))
    return project
  }

  /** Builds in a project; a warning fails. */
  function build(project: string, [tool = '', ...args]: readonly string[]): string {
    const { stdout, stderr } =
      tool === 'node' ? run(process.execPath, args, project) : run('npx', [tool, ...args], project)
    expect(`${stdout}${stderr}`).not.toMatch(/warning|\(!\)|can't resolve/i)
    return join(project, 'dist')
  }

  beforeAll(() => {
    folder = newFolder()
    cpSync(files, folder, { recursive: true })
    run('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], root)
    const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? ''
    const quietly = ['--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock']
    run('npm', ['install', ...quietly, `./${tarball}`], folder)
  }, 1_200_000)

  afterAll(() => remove(folder))

  describe.each([
    ['webpack, a module', ['webpack', '--config', 'webpack.module.config.mjs'], 'main.mjs'],
    ['webpack, CommonJS', ['webpack', '--config', 'webpack.commonjs.config.mjs'], 'main.cjs'],
    ['Rollup', ['rollup', '-c'], 'main.mjs'],
    ['esbuild, a module', ['node', 'esbuild.module.mjs'], 'main.mjs'],
    ['esbuild, CommonJS', ['node', 'esbuild.commonjs.mjs'], 'main.cjs'],
  ])('for Node by %s', (tool, line, main) => {
    test('a program classifies elsewhere, with sharp alone beside it', () => {
      const moved = newFolder()
      try {
        cpSync(build(projectOf('main.js'), line), moved, { recursive: true })
        bringSharp(folder, moved)
        expect(run(process.execPath, [main, picture, model], moved).stdout).toContain(answer)
        const shipped = spawnSync(process.execPath, [main, picture], { cwd: moved, encoding: 'utf8' })
        if (tool.startsWith('webpack')) expect(shipped.stdout).toContain(answer)
        else expect(shipped.stderr).toContain('HubError: cifar10-resnet20: not beside this program')
      } finally {
        remove(moved)
      }
    })

    test('the command says its version, lists and classifies', () => {
      const project = projectOf('command.js')
      const program = join(build(project, line), main)
      const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
      expect(run(process.execPath, [program, '--version'], project).stdout).toBe(`${version}\n`)
      expect(run(process.execPath, [program, 'list'], project).stdout).toContain('resnet50')
      const args = ['classify', picture, '--model', model]
      expect(run(process.execPath, [program, ...args], project).stdout).toContain('bird')
    })
  })

  test.runIf(browserPath !== undefined).each([
    ['Vite', ['vite', 'build', '--base', './'], '?model=cifar10-resnet20'],
    [
      'Parcel',
      ['parcel', 'build', 'index.html', '--public-url', './', '--no-cache'],
      '?model=cifar10-resnet20',
    ],
    [
      'webpack',
      ['webpack', '--entry', './page.js', '--mode', 'production', '--no-performance'],
      '?model=cifar10-resnet20',
    ],
    [
      'Rollup',
      ['rollup', 'page.js', '-p', 'node-resolve={browser:true}', '-p', 'commonjs', '--dir', 'dist'],
      '',
    ],
    [
      'esbuild, a module',
      ['esbuild', 'page.js', '--bundle', '--minify', '--format=esm', '--outdir=dist'],
      '',
    ],
    ['esbuild, iife', ['esbuild', 'page.js', '--bundle', '--minify', '--outdir=dist'], ''],
  ])('for pages by %s, it classifies in Chromium', async (tool, line, query) => {
    const out = build(projectOf('main.js'), line)
    if (!existsSync(join(out, 'index.html'))) {
      const src = tool === 'webpack' ? 'main.js' : 'page.js'
      const kind = tool.endsWith('iife') ? 'defer' : 'type="module"'
      writeFileSync(join(out, 'index.html'), `<!doctype html><body><script ${kind} src="${src}"></script>`)
    }
    copyFileSync(model, join(out, 'model.safetensors'))
    copyFileSync(picture, join(out, 'picture.png'))
    for (const isolated of [true, false]) {
      const server = await serve(out, { isolated })
      try {
        const said = await inPage(`${server.address}index.html${query}`, async (page) => {
          await page.waitForFunction(() => document.body.innerText.trim() !== '')
          return page.innerText('body')
        })
        expect(said, `isolated: ${isolated}`).toContain(answer)
      } finally {
        await server.close()
      }
    }
  })

  test.runIf(browserPath !== undefined)("Next's route and page classify", async () => {
    build(folder, ['next', 'build'])
    const standalone = join(folder, '.next/standalone')
    cpSync(join(folder, '.next/static'), join(standalone, '.next/static'), { recursive: true })
    const { child, address } = await started('server.js', standalone)
    try {
      const body = new Uint8Array(readFileSync(picture))
      expect(await (await fetch(`${address}api/classify`, { method: 'POST', body })).text()).toContain(answer)
      const said = await inPage(address, async (page) => {
        await page.waitForLoadState('networkidle')
        await page.setInputFiles('input', picture)
        await page.waitForFunction(() => document.querySelector('output')?.textContent !== '')
        return page.textContent('output')
      })
      expect(said).toContain(answer)
    } finally {
      child.kill()
    }
  })

  test('a service answers requests at once, and says what is no picture', async () => {
    const { child, address } = await started('service.mjs', folder)
    try {
      const ask = (body: Uint8Array<ArrayBuffer>) => fetch(`${address}classify`, { method: 'POST', body })
      const body = new Uint8Array(readFileSync(picture))
      for (const response of await Promise.all([ask(body), ask(body), ask(body)]))
        expect(await response.text()).toContain(answer)
      const refused = await ask(new Uint8Array([1, 2, 3]))
      expect(refused.status).toBe(400)
    } finally {
      child.kill()
    }
  })

  test('a function in one file is called elsewhere', async () => {
    const project = projectOf('handler.mjs')
    const out = build(project, ['node', 'esbuild.commonjs.mjs'])
    copyFileSync(model, join(out, 'cifar10-resnet20.safetensors'))
    bringSharp(folder, out)
    const program = `import(${JSON.stringify(pathToFileURL(join(out, 'main.cjs')).href)})
  .then(({ handler }) => handler({ body: require('node:fs').readFileSync(${JSON.stringify(picture)}, 'base64') }))
  .then(console.log)`
    expect(run(process.execPath, ['-e', program], out).stdout).toContain(answer)
  })

  test('Jest classifies in its environment node, and explains networks in jsdom', () => {
    const project = projectOf('main.js')
    copyFileSync(picture, join(project, 'picture.png'))
    const jest = join(folder, 'node_modules/jest/bin/jest.js')
    run(process.execPath, ['--experimental-vm-modules', jest, '--roots', 'jest'], project)
  })
})
