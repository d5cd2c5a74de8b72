/** `resnet bench`: how fast networks run here, as a whole and kernel by kernel. */
import type { Command } from 'commander'
import type { KernelTiming, Session } from '../engines/engine.ts'
import type { Graph } from '../graph/graph.ts'
import { wholeNumber } from './arguments.ts'
import type { Context } from './context.ts'
import { formatBytes, formatShort } from './format.ts'
import { heading, printJson, printLines } from './output.ts'
import { Progress } from './progress.ts'
import { formatTable } from './table.ts'

interface BenchOptions {
  readonly batch: number
  readonly runs: number
  readonly engine?: string
  readonly threads?: number
  readonly perLayer?: true
  readonly json?: true
}

interface Measured {
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
  readonly layers?: readonly KernelTiming[]
}

const defaultNetworks = ['resnet18', 'resnet50']

export function addBench(program: Command, context: Context): void {
  program
    .command('bench')
    .description('measure how fast networks run on this machine, on seeded first weights')
    .argument('[arch...]', `names of networks; ${defaultNetworks.join(' and ')} without any`)
    .option('--batch <n>', 'images at once', wholeNumber(1, 4096), 1)
    .option('--runs <n>', 'timed runs, of which the median counts', wholeNumber(1, 10_000), 20)
    .option('--engine <name>', 'what computes: wasm (default), reference or onnxruntime')
    .option('--threads <n>', 'threads to compute on', wholeNumber(1, 1024))
    .option('--per-layer', 'time each kernel, with the layers it covers')
    .option('--json', 'answer JSON')
    .addHelpText('after', '\nExample:\n  resnet bench resnet18 resnet50 --per-layer')
    .action(async (given: readonly string[], options: BenchOptions) => {
      const answers: Measured[] = []
      for (const arch of given.length === 0 ? defaultNetworks : given) {
        answers.push(await measure(arch, options, context))
      }
      if (options.json) printJson(answers)
      else printLines(linesOf(answers))
    })
}

async function measure(arch: string, options: BenchOptions, { signal }: Context): Promise<Measured> {
  const { buildResNet } = await import('../architecture/build.ts')
  const { firstWeights } = await import('../inference/first-weights.ts')
  const { engineNamed } = await import('../inference/engines.ts')
  const { totalsOf } = await import('../analysis/summary.ts')
  const { batch, runs, threads } = options
  const engine = await engineNamed(options.engine)
  const { config, tensors } = firstWeights(arch, 0)
  const graph = buildResNet(config)
  const session = await engine.open(tensors, threads === undefined ? {} : { threads })
  try {
    await session.add('bench', graph, { batch })
    const inputs = imagesFor(graph, batch)
    const milliseconds = await timeRuns(session, inputs, { arch, runs, signal })
    const msPerImage = milliseconds / batch
    const layers = options.perLayer ? await session.profile('bench', inputs) : undefined
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
      ...(layers === undefined ? {} : { layers }),
    }
  } finally {
    await session.dispose()
  }
}

/** Images of noise: what they show does not change the time. */
function imagesFor(graph: Graph, batch: number): ReadonlyMap<string, Float32Array> {
  const shape = graph.inputs.get('image')?.shape ?? []
  const size = shape.reduce<number>((product, dim) => product * (dim === 'N' ? batch : dim), 1)
  return new Map([['image', Float32Array.from({ length: size }, (_, i) => ((i * 7919) % 1000) / 500 - 1)]])
}

/** Median time of the runs, after three that warm up. */
async function timeRuns(
  session: Session,
  inputs: ReadonlyMap<string, Float32Array>,
  { arch, runs, signal }: { readonly arch: string; readonly runs: number; readonly signal: AbortSignal },
): Promise<number> {
  const progress = new Progress({ task: `running ${arch}`, unit: 'runs' })
  const times: number[] = []
  for (let run = -3; run < runs; run++) {
    const start = performance.now()
    await session.run('bench', inputs, { signal })
    if (run >= 0) times.push(performance.now() - start)
    progress.update(times.length, runs)
  }
  progress.end()
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN
}

function linesOf(answers: readonly Measured[]): readonly string[] {
  const columns = ['network', 'batch', 'ms an image', 'images/s', 'GFLOP/s', 'on'].map((title, index) => ({
    title,
    align: index === 0 || index === 5 ? ('left' as const) : ('right' as const),
  }))
  const rows = answers.map(({ arch, batch, msPerImage, imagesPerSecond, gflops, engine, runsOn }) => [
    arch,
    String(batch),
    msPerImage.toFixed(2),
    imagesPerSecond.toFixed(1),
    gflops.toFixed(1),
    `${engine}, ${runsOn}`,
  ])
  return [
    ...formatTable(columns, rows, heading),
    ...answers.flatMap(({ arch, layers }) => (layers === undefined ? [] : ['', arch, ...layerLines(layers)])),
  ]
}

/** Each kernel's share of the time; multiply-adds over bytes tell what it waits for. */
function layerLines(layers: readonly KernelTiming[]): readonly string[] {
  const total = layers.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
  const columns = ['layer', 'kernel', 'ms', 'share', 'multiply-adds', 'GFLOP/s', 'memory', 'FLOP/byte'].map(
    (title, index) => ({ title, align: index < 2 ? ('left' as const) : ('right' as const) }),
  )
  const rows = layers.map(({ nodes, kernel, milliseconds, macs, bytes }) => [
    nodes[0] ?? '',
    kernel,
    milliseconds.toFixed(3),
    `${((100 * milliseconds) / total).toFixed(1)} %`,
    macs === 0 ? '' : formatShort(macs),
    macs === 0 ? '' : ((2 * macs) / milliseconds / 1e6).toFixed(1),
    formatBytes(bytes),
    macs === 0 ? '' : ((2 * macs) / bytes).toFixed(1),
  ])
  return formatTable(columns, rows, heading)
}
