/** Changes to a config by dotted keys (`block.strideAt`, `stages.2.blocks`): how variants and `--set` differ from a base. */
import { ConfigError } from '../errors.ts'
import { parseConfig, type ResNetConfig } from './config.ts'

export type Changes = Readonly<Record<string, unknown>>

/**
 * The config with some of its keys replaced.
 *
 * @throws ConfigError for a key that the config does not have, or a value that it cannot take.
 */
export function changed(config: ResNetConfig, changes: Changes): ResNetConfig {
  return parseConfig(replaced(config, changes))
}

/**
 * A JSON value with some of its fields replaced, not yet checked.
 *
 * @throws ConfigError for a key that it does not have.
 */
export function replaced(value: unknown, changes: Changes): unknown {
  return Object.entries(changes).reduce((now, [key, to]) => replaceAt(now, key.split('.'), key, to), value)
}

function replaceAt(value: unknown, path: readonly string[], key: string, to: unknown): unknown {
  const [head, ...rest] = path
  if (head === undefined) return to
  if (Array.isArray(value)) {
    const index = Number(head)
    if (!Number.isInteger(index) || index < 0 || index >= value.length) {
      throw new ConfigError(key, `there is no entry ${head} in a list of ${value.length}`)
    }
    return value.map((entry: unknown, i) => (i === index ? replaceAt(entry, rest, key, to) : entry))
  }
  if (typeof value !== 'object' || value === null)
    throw new ConfigError(key, `${JSON.stringify(value)} has no field "${head}"`)
  const fields = new Map<string, unknown>(Object.entries(value))
  // A stage may be given a block of its own; every other field is there already.
  if (!fields.has(head) && head !== 'block') {
    throw new ConfigError(
      key,
      `there is no field "${head}" here; the fields are ${[...fields.keys()].join(', ')}`,
    )
  }
  fields.set(head, replaceAt(fields.get(head), rest, key, to))
  return Object.fromEntries(fields)
}
