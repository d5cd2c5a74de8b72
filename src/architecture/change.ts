/** Changes to a config by dotted keys (`block.strideAt`, `stages.2.blocks`): how variants and `--set` differ from a base. */
import { parseConfig, type ResNetConfig } from './config.ts'
import { type Changes, replaced } from './replace.ts'
import { configParts } from './usual.ts'

export type { Changes } from './replace.ts'

/**
 * The config with some of its keys replaced. A part whose `kind` changes takes the usual fields of the new kind in the
 * place of those of the old one: `{ 'attention.kind': 'se' }` is squeeze and excitation with a reduction of 16.
 *
 * @throws ConfigError for a key that the config does not have, or a value that it cannot take.
 */
export function changed(config: ResNetConfig, changes: Changes): ResNetConfig {
  return parseConfig(replaced(withOwnBlocks(config, changes), changes, configParts))
}

/** A stage that is to change a field of its block starts from the network's block where it has none of its own. */
function withOwnBlocks(config: ResNetConfig, changes: Changes): ResNetConfig {
  const stages = config.stages.map((stage, index) =>
    stage.block === undefined && Object.keys(changes).some((key) => key.startsWith(`stages.${index}.block.`))
      ? { ...stage, block: config.block }
      : stage,
  )
  return { ...config, stages }
}
