/**
 * What the hub uses of npm's own libraries, which carry no types: https://github.com/npm/npm-registry-fetch and
 * https://github.com/npm/cli/tree/latest/workspaces/config.
 */
declare module 'npm-registry-fetch' {
  interface RegistryResponse {
    readonly status: number
    readonly url: string
    readonly headers: { get(name: string): string | null }
    /** A stream of Minipass: it iterates, and emits `error` when the request is aborted. */
    readonly body: AsyncIterable<Uint8Array> & { on(event: 'error', listener: () => void): unknown }
  }
  function fetch(url: string, options: Readonly<Record<string, unknown>>): Promise<RegistryResponse>
  namespace fetch {
    function pickRegistry(spec: string, options: Readonly<Record<string, unknown>>): string
  }
  export default fetch
}

declare module '@npmcli/config' {
  interface Settings {
    readonly definitions: object
    readonly shorthands: object
    readonly flatten: object
    readonly nerfDarts: readonly string[]
    readonly npmPath: string
    readonly env: Readonly<Record<string, string | undefined>>
    readonly argv: readonly string[]
    readonly warn: boolean
  }
  export default class Config {
    constructor(settings: Settings)
    load(): Promise<void>
    isDefault(key: string): boolean
    get(key: string): unknown
    /** Every setting under the names that npm's libraries take as options. */
    readonly flat: Readonly<Record<string, unknown>>
  }
}

declare module '@npmcli/config/lib/definitions/index.js' {
  const npmDefinitions: {
    readonly definitions: object
    readonly shorthands: object
    readonly flatten: object
    readonly nerfDarts: readonly string[]
  }
  export default npmDefinitions
}
