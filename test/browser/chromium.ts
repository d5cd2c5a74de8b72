/**
 * A Chromium or Chrome for the test in a real browser: the one named by `CHROME_PATH`, else an installed one, else, on
 * Debian as root, the package `chromium`, which is installed.
 */
import { execFile } from 'node:child_process'
import { accessSync, constants, readFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']

const installed: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ],
  win32: [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA]
    .filter((folder) => folder !== undefined)
    .map((folder) => join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe')),
}

/** The path of a browser, or nothing where there is none. */
export async function findChromium(): Promise<string | undefined> {
  const named = process.env.CHROME_PATH
  if (named !== undefined) {
    if (isProgram(named)) return named
    throw new Error(`CHROME_PATH names no program: ${named}`)
  }
  return findInstalled() ?? (isDebianRoot() ? installOnDebian() : undefined)
}

function findInstalled(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const onPath = folders.flatMap((folder) => names.map((name) => join(folder, name)))
  return [...onPath, ...(installed[process.platform] ?? [])].find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function isDebianRoot(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false
  try {
    return /^ID=debian$/m.test(readFileSync('/etc/os-release', 'utf8'))
  } catch {
    return false
  }
}

async function installOnDebian(): Promise<string | undefined> {
  const apt = (...args: readonly string[]) =>
    promisify(execFile)('apt-get', args, {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      maxBuffer: 2 ** 26,
    })
  console.log('installing the package chromium, once, for the test in a browser')
  const install = () => apt('install', '-y', '--no-install-recommends', 'chromium')
  try {
    // A machine that never updated its lists, or not for long, finds no package.
    await install().catch(async () => {
      await apt('update')
      await install()
    })
  } catch (error) {
    console.log(`chromium cannot be installed: ${error instanceof Error ? error.message : error}`)
  }
  return findInstalled()
}
