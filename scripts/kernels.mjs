// Assembles the WebAssembly kernels: kernels/*.ts writes their text, binaryen turns it into bytes, and the bytes become a
// module of base64 strings, which any bundler takes along.
import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import binaryen from 'binaryen'

const root = fileURLToPath(new URL('..', import.meta.url))
const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url))
const { status } = spawnSync(process.execPath, [compiler, '-p', 'tsconfig.kernels.json'], {
  cwd: root,
  stdio: 'inherit',
})
if (status !== 0) process.exit(1)
const { levels, moduleText } = await import('../build/kernels/module.js')

function assemble(level, memory) {
  const module = binaryen.parseText(moduleText(level, memory))
  module.setFeatures(binaryen.Features.All)
  if (!module.validate()) throw new Error('the kernels are not valid WebAssembly')
  return Buffer.from(module.emitBinary())
}

// The builds for memory that is shared and memory that is not differ in one byte: the package ships one, and where it is.
const modules = Object.entries(levels).map(([name, level]) => {
  const shared = assemble(level, { shared: true })
  const unshared = assemble(level, { shared: false })
  const flagAt = shared.findIndex((byte, index) => byte !== unshared[index])
  const flag = unshared[flagAt]
  if (
    !Buffer.from(shared)
      .fill(flag, flagAt, flagAt + 1)
      .equals(unshared)
  )
    throw new Error(`the kernels of level ${name} differ in more than the kind of their memory`)
  const bytes = shared.toString('base64')
  return `  ${name}: { unshared: { at: ${flagAt}, byte: ${flag} }, bytes: '${bytes}' },`
})
const folder = `${root}/src/engines/wasm/generated`
mkdirSync(folder, { recursive: true })
writeFileSync(
  `${folder}/kernels.ts`,
  `/** The kernels' bytes in base64, by level, and the byte that is another one where memory is not shared. Written by scripts/kernels.mjs. */\nexport const kernelModules = {\n${modules.join('\n')}\n} as const\n`,
)
