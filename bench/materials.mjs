// What a run of the benchmark needs beside the built package, made once when first asked for and removed at the end. Each
// is made by a process of its own: a parent that holds much memory would show in its children's peaks.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))
export const command = join(root, 'dist/cli/main.js')

export function openMaterials() {
  const folder = mkdtempSync(join(tmpdir(), 'resnet-ts-bench-'))
  const made = new Set()
  const once = (name, argumentsFor) => {
    const path = join(folder, name)
    if (!made.has(name)) make(argumentsFor(path))
    made.add(name)
    return path
  }
  return {
    /** The file of a network's first weights: `resnet18.onnx`, `resnet20.safetensors`. */
    model: (name) => once(name, (path) => [command, 'convert', name.split('.')[0], path]),
    /** CIFAR-10's pictures as a dataset of class folders: `cifar-10000` are its test pictures, `cifar-50000` those to train on. */
    pictures(name) {
      const split = name === 'cifar-10000' ? 'test' : 'train'
      return join(
        once(name, (path) => [unpack, path, split]),
        'cifar10-jpeg',
        split,
      )
    },
    /** The folder of the page that measures in a browser. */
    page: () => once('page', (path) => [...viteBuild, '--outDir', path]),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

const unpack = join(root, 'bench/unpack-cifar.mjs')
const viteBuild = [join(root, 'node_modules/vite/bin/vite.js'), 'build', join(root, 'bench/page')]

function make(args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  if (status !== 0) throw new Error(`${args.join(' ')} failed:\n${stdout}${stderr}`.trimEnd())
}
