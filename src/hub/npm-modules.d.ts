/**
 * What the hub uses of npm's own libraries, which carry no types: https://github.com/npm/npm-registry-fetch,
 * https://github.com/npm/make-fetch-happen and https://github.com/npm/cli/tree/latest/workspaces/config.
 */
declare module 'npm-registry-fetch' {
  type Options = Readonly<Record<string, unknown>>
  interface Credentials {
    readonly token?: string | null
    /** Base64 of name and password. */
    readonly auth?: string | null
    readonly cert?: string | null
    readonly key?: string | null
  }
  const npm: {
    pickRegistry(spec: string, options: Options): string
    /** What npm would send to an address. */
    getAuth(address: string, options: Options): Credentials
  }
  export default npm
}

declare module 'make-fetch-happen' {
  interface Response {
    readonly status: number
    readonly headers: { get(name: string): string | null }
    /** A stream of Minipass: it iterates, and emits `error` when the request is aborted. */
    readonly body: AsyncIterable<Uint8Array> & { on(event: 'error', listener: () => void): unknown }
  }
  export default function fetch(url: string, options: Readonly<Record<string, unknown>>): Promise<Response>
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
