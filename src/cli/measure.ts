/** What `resnet bench` measures: whole runs, and on request each kernel against the machine's peaks. */
import type { Engine, EngineOptions, KernelTiming, Session, TensorMap } from '../engines/engine.ts'
import { byKind, type KindTiming, type LayerTiming, layersOf, median } from '../engines/layers.ts'
import { measurePeaks, type Peaks } from '../engines/peaks.ts'
import type { Graph } from '../graph/graph.ts'
import { Progress } from './progress.ts'

export interface MeasureOptions {
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
  readonly mode: 'inference'
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

/** Measures a network in inference, on seeded first weights and noise. */
export async function measure(arch: string, options: MeasureOptions): Promise<Measured> {
  const { buildResNet } = await import('../architecture/build.ts')
  const { firstWeights } = await import('../inference/first-weights.ts')
  const { engineNamed } = await import('../inference/engines.ts')
  const { totalsOf } = await import('../analysis/summary.ts')
  const { batch, threads, precise } = options
  const engine = await engineNamed(options.engine)
  const engineOptions: EngineOptions = {
    ...(threads === undefined ? {} : { threads }),
    ...(precise === undefined ? {} : { precise }),
  }
  const { config, tensors } = firstWeights(arch, 0)
  const graph = buildResNet(config)
  const session = await engine.open(tensors, engineOptions)
  try {
    await session.add('bench', graph, { batch })
    const inputs = imagesFor(graph, batch)
    const msPerImage = median(await timeRuns(session, inputs, arch, options)) / batch
    return {
      arch,
      engine: engine.name,
      batch,
      mode: 'inference',
      msPerImage,
      imagesPerSecond: 1000 / msPerImage,
      gflops: (2 * totalsOf(graph).macs) / msPerImage / 1e6,
      threads: Number(/(\d+) threads?/.exec(session.runsOn)?.[1] ?? 1),
      runsOn: session.runsOn,
      ...(options.layers
        ? { kernels: await measureKernels(session, graph, inputs, { ...options, engine, engineOptions }) }
        : {}),
    }
  } finally {
    await session.dispose()
  }
}

/** Images of noise: what they show does not change the time. */
function imagesFor(graph: Graph, batch: number): TensorMap {
  const shape = graph.inputs.get('image')?.shape ?? []
  const size = shape.reduce<number>((product, dim) => product * (dim === 'N' ? batch : dim), 1)
  return new Map([['image', Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 1000) / 500 - 1)]])
}

/** Milliseconds of each run, after three that warm up. */
async function timeRuns(
  session: Session,
  inputs: TensorMap,
  arch: string,
  { runs, signal }: MeasureOptions,
): Promise<readonly number[]> {
  const progress = new Progress({ task: `running ${arch}`, unit: 'runs' })
  const times: number[] = []
  for (let run = -3; run < runs; run++) {
    const start = performance.now()
    await session.run('bench', inputs, { signal })
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
  graph: Graph,
  inputs: TensorMap,
  { engine, engineOptions, runs, signal }: KernelOptions,
): Promise<Kernels> {
  const before = await measurePeaks(engine, engineOptions)
  const progress = new Progress({ task: 'timing each kernel', unit: 'runs' })
  const profiles: (readonly KernelTiming[])[] = []
  while (profiles.length < runs) {
    signal.throwIfAborted()
    profiles.push(await session.profile('bench', inputs))
    progress.update(profiles.length, runs)
  }
  progress.end()
  const after = await measurePeaks(engine, engineOptions)
  const peaks = {
    gflops: Math.max(before.gflops, after.gflops),
    gigabytesPerSecond: Math.max(before.gigabytesPerSecond, after.gigabytesPerSecond),
  }
  const layers = layersOf(graph, profiles, peaks)
  return { peaks, layers, kinds: byKind(layers, peaks) }
}
