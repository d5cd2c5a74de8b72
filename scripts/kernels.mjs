// Assembles the WebAssembly kernels: kernels/*.ts writes their text, binaryen turns it into bytes, and the bytes of each
// level become a module with a base64 string, which any bundler takes along. The threads' program becomes a string as well.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
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
function textOf(name, level) {
  const shared = assemble(level, { shared: true })
  const unshared = assemble(level, { shared: false })
  const at = shared.findIndex((byte, index) => byte !== unshared[index])
  const byte = unshared[at]
  if (
    !Buffer.from(shared)
      .fill(byte, at, at + 1)
      .equals(unshared)
  )
    throw new Error(`the kernels of level ${name} differ in more than the kind of their memory`)
  return `/** The kernels of level ${name} in base64, and the byte that is another one where memory is not shared. Written by scripts/kernels.mjs. */
export const kernelModule = {
  unshared: { at: ${at}, byte: ${byte} },
  bytes: '${shared.toString('base64')}',
} as const
`
}

const folder = `${root}/src/engines/wasm/generated`
rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })
for (const [name, level] of Object.entries(levels)) writeFileSync(`${folder}/${name}.ts`, textOf(name, level))

// Text that is made here stays as it is: what bundlers, minifiers and coverage tools do to functions does not reach it.
const thread = readFileSync(`${root}/build/src/engines/wasm/thread.js`, 'utf8').replaceAll(/^export /gm, '')
writeFileSync(
  `${folder}/thread-text.ts`,
  `/** The text of thread.ts, which defines \`threadMain\`. Written by scripts/kernels.mjs. */
export const threadText = ${JSON.stringify(thread)}
`,
)
