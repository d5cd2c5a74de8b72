/** Runs the built command as a user does: `npm run build` leaves it in dist. */
import { spawn } from 'node:child_process'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '..')

export interface Outcome {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
  /** Wall time in milliseconds, start of the process included. */
  readonly milliseconds: number
}

export interface RunOptions {
  /** The folder it runs in; the repository without it. */
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Called with the process once it runs, to send signals or to close its output. */
  readonly meanwhile?: (child: ReturnType<typeof spawn>) => void
}

/** Runs `resnet` with these arguments. */
export function resnet(
  args: readonly string[],
  { cwd = root, env = {}, meanwhile }: RunOptions = {},
): Promise<Outcome> {
  const start = performance.now()
  const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...args], {
    cwd,
    env: { ...process.env, ...env },
  })
  const text = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk
    })
  }
  meanwhile?.(child)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status) => resolve({ status, ...text, milliseconds: performance.now() - start }))
  })
}

/** What is said beside how a model's pictures are prepared, which every load says. */
export function withoutPictures(stderr: string): string {
  return stderr.replace(/^note: pictures: .*\n/gm, '')
}

/** The one line on standard error of a run that failed. */
export function onlyLine({ stderr }: Outcome): string {
  const lines = withoutPictures(stderr).trimEnd().split('\n')
  if (lines.length !== 1) throw new Error(`expected one line, not:\n${stderr}`)
  return lines[0] ?? ''
}
