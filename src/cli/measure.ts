/** What `resnet bench` measures: whole runs, and on request each kernel against the machine's peaks. */
import type { Engine, EngineOptions, KernelTiming, Session, TensorMap } from '../engines/engine.ts'
import { byKind, type KindTiming, type LayerTiming, layersOf, median } from '../engines/layers.ts'
import { measurePeaks, type Peaks } from '../engines/peaks.ts'
import type { GraphValue } from '../graph/graph.ts'
import { Progress } from './progress.ts'
import type { Mode, Workload } from './workload.ts'

export interface MeasureOptions {
  readonly mode: Mode
  readonly batch: number
  readonly runs: number
  readonly engine?: string
  readonly threads?: number
  readonly precise?: true
  /** Whether each kernel is timed too. */
  readonly layers: boolean
  readonly signal: AbortSignal
}

export interface Measured {
  readonly arch: string
  readonly engine: string
  readonly batch: number
  readonly mode: Mode
  readonly msPerImage: number
  readonly imagesPerSecond: number
  /** Billions of multiplications and additions a second; a multiply-add is two. */
  readonly gflops: number
  readonly threads: number
  readonly runsOn: string
  readonly kernels?: Kernels
}

/** Each kernel, the kinds they sum to, and what the machine can do at most. */
export interface Kernels {
  readonly peaks: Peaks
  readonly layers: readonly LayerTiming[]
  readonly kinds: readonly KindTiming[]
}

/** Measures a network on seeded first weights and noise. */
export async function measure(arch: string, options: MeasureOptions): Promise<Measured> {
  const { workload } = await import('./workload.ts')
  const { engineNamed } = await import('../inference/engines.ts')
  const { batch, mode, threads, precise } = options
  const engine = await engineNamed(options.engine)
  const engineOptions: EngineOptions = {
    ...(threads === undefined ? {} : { threads }),
    ...(precise === undefined ? {} : { precise }),
  }
  const work = await workload(arch, mode, batch)
  const session = await engine.open(work.states, engineOptions)
  try {
    for (const [name, graph] of work.graphs) await session.add(name, graph, { batch })
    const inputs = work.inputs()
    const msPerImage = median(await timeRuns(session, { ...work, arch, inputs }, options)) / batch
    return {
      arch,
      engine: engine.name,
      batch,
      mode,
      msPerImage,
      imagesPerSecond: 1000 / msPerImage,
      gflops: (2 * macsOf(work)) / msPerImage / 1e6,
      threads: Number(/(\d+) threads?/.exec(session.runsOn)?.[1] ?? 1),
      runsOn: session.runsOn,
      ...(options.layers
        ? {
            kernels: await measureKernels(
              session,
              { ...work, inputs },
              { ...options, engine, engineOptions },
            ),
          }
        : {}),
    }
  } finally {
    await session.dispose()
  }
}

/** Multiply-adds of one image: forward, and in training backward. */
function macsOf({ graphs, timed }: Workload): number {
  const shapes = (values: readonly GraphValue[]) => values.map(({ shape }) => shape)
  return (graphs.get(timed)?.nodes ?? []).reduce(
    (sum, { operation, inputs, outputs, attributes }) =>
      sum + (operation.macs?.(shapes(inputs), shapes(outputs), attributes) ?? 0),
    0,
  )
}

/** A workload with its inputs at hand. */
type Ready = Omit<Workload, 'inputs'> & { readonly inputs: TensorMap }

/** Milliseconds of each run, after three that warm up. */
async function timeRuns(
  session: Session,
  { run: once, arch, inputs }: Ready & { readonly arch: string },
  { runs, signal }: MeasureOptions,
): Promise<readonly number[]> {
  const progress = new Progress({ task: `running ${arch}`, unit: 'runs' })
  const times: number[] = []
  for (let run = -3; run < runs; run++) {
    const start = performance.now()
    await once(session, inputs, { signal })
    if (run >= 0) times.push(performance.now() - start)
    progress.update(times.length, runs)
  }
  progress.end()
  return times
}

interface KernelOptions extends Omit<MeasureOptions, 'engine'> {
  readonly engine: Engine
  readonly engineOptions: EngineOptions
}

/** Each kernel at its median time, between two looks at the peaks: what else the machine does must not hide them. */
async function measureKernels(
  session: Session,
  { graphs, timed, inputs }: Ready,
  { engine, engineOptions, runs, signal }: KernelOptions,
): Promise<Kernels> {
  const before = await measurePeaks(engine, engineOptions)
  const progress = new Progress({ task: 'timing each kernel', unit: 'runs' })
  const profiles: (readonly KernelTiming[])[] = []
  while (profiles.length < runs) {
    signal.throwIfAborted()
    profiles.push(await session.profile(timed, inputs))
    progress.update(profiles.length, runs)
  }
  progress.end()
  const after = await measurePeaks(engine, engineOptions)
  const peaks = {
    gflops: Math.max(before.gflops, after.gflops),
    gigabytesPerSecond: Math.max(before.gigabytesPerSecond, after.gigabytesPerSecond),
  }
  const graph = graphs.get(timed)
  const layers = graph === undefined ? [] : layersOf(graph, profiles, peaks)
  return { peaks, layers, kinds: byKind(layers, peaks) }
}
