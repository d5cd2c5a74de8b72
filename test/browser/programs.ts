/**
 * Opens pages in browsers without a driver: the program is started on an address, and the page posts what it found. So any
 * browser can be asked, Firefox too.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { findChromium } from './chromium.ts'
import { type ServeOptions, serve } from './server.ts'

export interface BrowserProgram {
  readonly name: 'Chromium' | 'Firefox'
  /** Undefined where it is not installed. */
  readonly path: string | undefined
}

export const chromium: BrowserProgram = { name: 'Chromium', path: await findChromium() }
/** `FIREFOX_PATH` names another than the one that is installed. */
export const firefox: BrowserProgram = {
  name: 'Firefox',
  path: process.env.FIREFOX_PATH ?? onPath(['firefox', 'firefox-esr']),
}

function onPath(names: readonly string[]): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const paths = folders.flatMap((folder) => names.map((name) => join(folder, name)))
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

export interface AskOptions extends Omit<ServeOptions, 'posted'> {
  /** Settings of Firefox by their names. */
  readonly settings?: Readonly<Record<string, boolean>>
}

/** What a page of a folder posts. Rejects where it posts nothing within a minute and a half. */
export async function answerOf(
  { name, path }: BrowserProgram,
  folder: string,
  page: string,
  { settings = {}, ...serving }: AskOptions,
): Promise<unknown> {
  if (path === undefined) throw new Error(`${name} is not installed`)
  const profile = mkdtempSync(join(tmpdir(), 'resnet-ts-profile-'))
  const lines = Object.entries(settings).map(([key, value]) => `user_pref("${key}", ${value});\n`)
  writeFileSync(join(profile, 'user.js'), lines.join(''))
  const posted = new EventEmitter()
  const server = await serve(folder, { ...serving, posted: (text) => posted.emit('text', text) })
  const answer = once(posted, 'text', { signal: AbortSignal.timeout(90_000) })
  const program = spawn(path, [...optionsOf(name, profile), `${server.address}${page}`], {
    stdio: 'ignore',
    detached: true,
  })
  program.on('error', (error) => posted.emit('error', error))
  try {
    const [text] = await answer
    return JSON.parse(text)
  } finally {
    await ended(program)
    await server.close()
    rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  }
}

function optionsOf(name: BrowserProgram['name'], profile: string): readonly string[] {
  switch (name) {
    case 'Firefox':
      return ['--headless', '--no-remote', '--profile', profile]
    case 'Chromium':
      return ['--headless', '--no-sandbox', '--remote-debugging-port=0', `--user-data-dir=${profile}`]
  }
}

/** Ends a browser with all the processes that it has started. */
async function ended(program: ChildProcess): Promise<void> {
  if (program.pid === undefined || program.exitCode !== null) return
  const over = new Promise((resolve) => {
    program.once('exit', resolve)
  })
  process.kill(-program.pid, 'SIGKILL')
  await over
}
