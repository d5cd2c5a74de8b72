// What a run of the benchmark needs beside the built package, made once when first asked for and removed at the end.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'vite'

export const root = fileURLToPath(new URL('..', import.meta.url))
export const command = join(root, 'dist/cli/main.js')

export function openMaterials() {
  const folder = mkdtempSync(join(tmpdir(), 'resnet-ts-bench-'))
  const made = new Map()
  const once = (name, make) => {
    if (!made.has(name)) made.set(name, make(join(folder, name)))
    return made.get(name)
  }
  return {
    /** The file of a network's first weights: `resnet18.onnx`, `resnet20.safetensors`. */
    model: (name) => once(name, (path) => convert(name.slice(0, name.indexOf('.')), path)),
    /** The folder of the page that measures in a browser. */
    page: () => once('page', buildPage),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function convert(arch, path) {
  const { status, stderr } = spawnSync(process.execPath, [command, 'convert', arch, path], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`resnet convert ${arch} ${path} failed: ${stderr.trimEnd()}`)
  return path
}

async function buildPage(outDir) {
  await build({
    configFile: false,
    logLevel: 'error',
    root: join(root, 'bench/page'),
    base: './',
    resolve: { alias: { 'resnet-ts': join(root, 'dist/index.js') } },
    build: { outDir, chunkSizeWarningLimit: 10_000, minify: false },
  })
  return outDir
}
