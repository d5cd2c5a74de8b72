/** A network with some of its fields changed, where what is wrong is said of a field that was changed. */
import { ConfigError } from '../errors.ts'
import type { Graph } from '../graph/graph.ts'
import { buildResNet } from './build.ts'
import { type Changes, changed } from './change.ts'
import type { ResNetConfig } from './config.ts'

export interface ChangedNetwork {
  readonly config: ResNetConfig
  readonly graph: Graph
}

/**
 * Changes a config that can be built, and builds it.
 *
 * @throws ConfigError whose key is a changed field, or lies in one.
 */
export function buildChanged(config: ResNetConfig, changes: Changes): ChangedNetwork {
  const now = changed(config, changes)
  try {
    return { config: now, graph: buildResNet(now) }
  } catch (error) {
    throw error instanceof ConfigError ? blamed(error, config, changes) : error
  }
}

/** Fields are often impossible together: the one that was changed is to blame, not the one that was met first. */
function blamed(error: ConfigError, config: ResNetConfig, changes: Changes): ConfigError {
  const keys = Object.keys(changes)
  if (keys.some((key) => covers(key, error.key))) return error
  const without = (key: string) =>
    Object.fromEntries(Object.entries(changes).filter(([other]) => other !== key))
  const culprit = keys.find((key) => builds(config, without(key))) ?? keys.at(-1)
  if (culprit === undefined) return error
  const value = JSON.stringify(changes[culprit]) ?? 'nothing'
  return new ConfigError(culprit, `${value.slice(0, 80)} does not go with ${error.key}: ${error.reason}`)
}

/** Whether a field is what was changed, lies in it, or came with its kind. */
function covers(change: string, field: string): boolean {
  const part = change.endsWith('.kind') ? change.slice(0, -'.kind'.length) : change
  return field === part || field.startsWith(`${part}.`)
}

function builds(config: ResNetConfig, changes: Changes): boolean {
  try {
    buildResNet(changed(config, changes))
    return true
  } catch (error) {
    if (error instanceof ConfigError) return false
    throw error
  }
}
