/**
 * npm's settings as the user has them: registries, credentials, proxies, certificates, from every `.npmrc` and from
 * `npm_config_*`. They are read by npm's own `@npmcli/config` and not by running `npm`: `npm config list` hides the
 * credentials that the tarball may need, `npm.cmd` starts only through a shell on Windows, and a machine that has Node
 * may have no `npm` on its PATH. Where npm is found, its built-in `npmrc` counts too, as for npm itself.
 */
import { access, realpath } from 'node:fs/promises'
import { basename, delimiter, dirname, join } from 'node:path'
import type Config from '@npmcli/config'
import * as v from 'valibot'
import { HubError } from '../errors.ts'

/** npm waits minutes by default; a person at a terminal should hear sooner that there is no network. */
const DEFAULT_PATIENCE_MS = 20_000

export interface NpmConfig {
  /** Options as npm-registry-fetch takes them. They hold credentials: never print them. */
  readonly options: Readonly<Record<string, unknown>>
  /** The tag that stands for "no version": `latest` unless the user says otherwise. */
  readonly tag: string
  /** Longest silence that is borne, in milliseconds: the user's `fetch-timeout`, otherwise 20 seconds. */
  readonly patienceMs: number
  /** npm's setting `replace-registry-host`. */
  readonly replaceRegistryHost: string
  /** The host that npm asks unless it is told another. */
  readonly publicHost: string
}

/**
 * Reads npm's settings anew.
 *
 * @throws HubError when npm's own reader cannot take them.
 */
export async function readNpmConfig(): Promise<NpmConfig> {
  const { Reader, definitions } = await loadReader()
  const config = new Reader({
    ...definitions,
    npmPath: await findNpm(),
    // The reader writes to the environment it is given, and would take our command line for npm's.
    env: { ...process.env },
    argv: [],
    warn: false,
  })
  try {
    await config.load()
    return settingsOf(config, definitions)
  } catch (error) {
    throw new HubError(
      `npm's settings cannot be read (${firstLine(error)}); "npm config list" shows where they are`,
      {
        cause: error,
      },
    )
  }
}

/**
 * npm's reader, by names that bundlers leave alone: it assigns to `process.env.NODE_ENV`, which they replace by a text, and
 * nothing could be built then. A bundle finds it where the package is installed.
 */
async function loadReader(): Promise<{ readonly Reader: typeof Config; readonly definitions: Definitions }> {
  const names = ['@npmcli/config', '@npmcli/config/lib/definitions/index.js'] as const
  try {
    const reader: typeof import('@npmcli/config') = await import(
      /* webpackIgnore: true */ /* @vite-ignore */ names[0]
    )
    const all: typeof import('@npmcli/config/lib/definitions/index.js') = await import(
      /* webpackIgnore: true */ /* @vite-ignore */ names[1]
    )
    return { Reader: reader.default, definitions: all.default }
  } catch (error) {
    throw new HubError(
      `npm's settings cannot be read, since the package ${names[0]} is not here (${firstLine(error)}); a bundle that takes models from npm needs it beside itself: npm install ${names[0]}, or leave resnet-ts out of the bundle`,
      { cause: error },
    )
  }
}

type Definitions = typeof import('@npmcli/config/lib/definitions/index.js')['default']

function settingsOf(config: Config, { definitions }: Definitions): NpmConfig {
  const flat = flattened(config)
  const timeout = config.get('fetch-timeout')
  const tag = config.get('tag')
  const host = config.get('replace-registry-host')
  const isTimeoutSet = !config.isDefault('fetch-timeout') && typeof timeout === 'number' && timeout > 0
  const patienceMs = isTimeoutSet ? timeout : DEFAULT_PATIENCE_MS
  const retries = config.get('fetch-retries')
  return {
    options: {
      ...flat,
      // No second copy of a large tarball in npm's cache, and no failure when that one cannot be written.
      cache: undefined,
      timeout: patienceMs,
      retry: {
        retries: typeof retries === 'number' ? retries : 2,
        factor: 2,
        minTimeout: 500,
        maxTimeout: 2000,
      },
    },
    tag: typeof tag === 'string' ? tag : 'latest',
    patienceMs,
    replaceRegistryHost: typeof host === 'string' ? host : 'npmjs',
    publicHost: defaultRegistryHost(definitions),
  }
}

/** The host of npm's own default registry, from npm's own table of settings. */
function defaultRegistryHost(definitions: object): string {
  const registry = v.safeParse(v.object({ registry: v.object({ default: v.string() }) }), definitions)
  return registry.success ? new URL(registry.output.registry.default).host : ''
}

/** Flattening also sets variables of this process, meant for the scripts that npm runs; we run none. */
function flattened(config: Config): Readonly<Record<string, unknown>> {
  const names = ['npm_config_user_agent', 'NODE_ENV']
  const before = names.map((name) => [name, process.env[name]] as const)
  try {
    return config.flat
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
  }
}

/** The folder of the npm that the user runs, or of the one beside Node; a folder without one where there is none. */
async function findNpm(): Promise<string> {
  const running = process.env.npm_execpath
  if (running !== undefined && basename(running) === 'npm-cli.js') return dirname(dirname(running))
  for (const folder of (process.env.PATH ?? '').split(delimiter).filter((entry) => entry !== '')) {
    const program = await realpath(join(folder, 'npm')).catch(() => '')
    if (basename(program) === 'npm-cli.js') return dirname(dirname(program))
    const besides = join(folder, 'node_modules', 'npm')
    if (program !== '' && (await exists(join(besides, 'package.json')))) return besides
  }
  const node = dirname(process.execPath)
  return process.platform === 'win32'
    ? join(node, 'node_modules', 'npm')
    : join(dirname(node), 'lib', 'node_modules', 'npm')
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

function firstLine(error: unknown): string {
  return error instanceof Error ? (error.message.split('\n')[0] ?? '') : 'unknown reason'
}
