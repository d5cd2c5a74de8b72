/** The kernels that run: compiled from the fastest level that this machine takes. */
import { type Revectorization, revectorization } from '#platform/engines/wasm/experimental-simd'
import { EngineError } from '../../errors.ts'
import { type LevelName, levels } from './levels.ts'

export interface Kernels {
  readonly module: WebAssembly.Module
  /** Names of the kernels, in the order of their numbers in a program. */
  readonly names: readonly string[]
  /** Filters of a panel of packed weights. */
  readonly columns: number
  /** For people: what computes, and why nothing faster where that is news. */
  readonly description: string
}

/** Each level's bytes, fetched when they are needed. */
const bytesOf = {
  simd: () => import('./generated/simd.ts'),
  relaxed: () => import('./generated/relaxed.ts'),
  wide: () => import('./generated/wide.ts'),
} as const satisfies Record<LevelName, unknown>

export interface KernelOptions {
  /** Whether threads share the memory. */
  readonly shared: boolean
}

/** A level's kernels, or nothing where WebAssembly lacks what they need. */
export async function compileKernels(
  name: LevelName,
  { shared }: KernelOptions,
): Promise<Kernels | undefined> {
  const { kernelModule } = await bytesOf[name]()
  const bytes = Uint8Array.from(atob(kernelModule.bytes), (character) => character.charCodeAt(0))
  if (!shared) bytes[kernelModule.unshared.at] = kernelModule.unshared.byte
  if (!WebAssembly.validate(bytes)) return undefined
  const module = await compiled(bytes)
  const names = WebAssembly.Module.exports(module).map((entry) => entry.name)
  const { columns, title } = levels[name]
  return { module, names, columns, description: title }
}

async function compiled(bytes: Uint8Array<ArrayBuffer>): Promise<WebAssembly.Module> {
  try {
    return await WebAssembly.compile(bytes)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    const policy = /polic|CSP/i.test(reason)
      ? "the page's policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src"
      : 'WebAssembly does not compile here'
    throw new EngineError(`${policy}; ${withoutWebAssembly} (${reason})`, { cause: error })
  }
}

const withoutWebAssembly = 'the engine "reference" computes without it, slowly'

/**
 * The fastest level's kernels. Those for a V8 that revectorizes are experimental: `tested` answers them only when they are
 * right.
 *
 * @throws EngineError where no level runs.
 */
export async function chooseKernels(
  options: KernelOptions,
  tested: (options: KernelOptions) => Promise<Kernels | undefined>,
  asked: Revectorization = revectorization(),
): Promise<Kernels> {
  if (typeof WebAssembly === 'undefined')
    throw new EngineError(`there is no WebAssembly here; ${withoutWebAssembly}`)
  const wide = asked === 'on' ? await tested(options) : undefined
  if (wide !== undefined) return wide
  const kernels = (await compileKernels('relaxed', options)) ?? (await compileKernels('simd', options))
  if (kernels === undefined)
    throw new EngineError(`WebAssembly here has no SIMD; a newer browser has, and ${withoutWebAssembly}`)
  if (asked === 'off') return kernels
  return { ...kernels, description: `${kernels.description}, as ${levels.wide.title} failed its test` }
}
