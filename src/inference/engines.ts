/** The engines by name; each is loaded when it is first asked for. */
import type { Engine } from '../engines/engine.ts'
import { ArgumentError } from '../errors.ts'

const engines: ReadonlyMap<string, () => Promise<Engine>> = new Map([
  ['wasm', async () => (await import('../engines/wasm/wasm.ts')).wasmEngine],
  ['reference', async () => (await import('../engines/reference/reference.ts')).referenceEngine],
  ['onnxruntime', async () => (await import('../engines/onnxruntime/onnxruntime.ts')).onnxruntimeEngine],
])

/** Names of the engines, the default one first. */
export const engineNames: readonly string[] = [...engines.keys()]

/** An engine by its name, the default one without a name. Throws `ArgumentError` where there is none. */
export async function engineNamed(name?: string): Promise<Engine> {
  const load = name === undefined ? [...engines.values()][0] : engines.get(name)
  if (load === undefined)
    throw new ArgumentError(`there is no engine "${name}"; there are ${engineNames.join(', ')}`)
  return load()
}
