/** From config to graph: the one builder of every network in the package. */
import { GraphBuilder } from '../graph/builder.ts'
import type { Graph, GraphValue } from '../graph/graph.ts'
import { checkConfig } from './check.ts'
import { blockOf, type ResNetConfig } from './config.ts'
import { buildDenseLayer } from './dense-layer.ts'
import { buildHead } from './head.ts'
import { buildInvertedBlock } from './inverted-block.ts'
import { type BuildOptions, Layers } from './layers.ts'
import { type BlockPlace, buildResidualBlock } from './residual-block.ts'
import { stagePlans } from './stage-plan.ts'
import { buildStem } from './stem.ts'

/**
 * Builds a network. Input `image` [N, C, H, W], output `logits` [N, classes]; block outputs are named `layer3.1`, and
 * `stem`, `stage1` to `stage4` and `features` name what their words say.
 *
 * @throws ConfigError for an impossible config; its `key` is the field.
 */
export function buildResNet(config: ResNetConfig, options: BuildOptions = {}): Graph {
  checkConfig(config)
  const graph = new GraphBuilder()
  const layers = new Layers(graph, config, options)
  const [height, width] = config.input
  let x = buildStem(layers, graph.input('image', ['N', config.inputChannels, height, width]))
  for (const plan of stagePlans(config)) {
    graph.part = { section: `stage ${plan.stage + 1}` }
    for (const place of plan.blocks) {
      graph.part = { section: `stage ${plan.stage + 1}`, block: place.block }
      x = buildBlock(layers, x, place)
      graph.name(layers.names.block(place.stage, place.block), x)
    }
    graph.name(`stage${plan.stage + 1}`, x)
  }
  graph.output('logits', buildHead(layers, x))
  return graph.build()
}

function buildBlock(layers: Layers, x: GraphValue, place: BlockPlace): GraphValue {
  const stage = layers.config.stages[place.stage]
  const block = stage === undefined ? layers.config.block : blockOf(layers.config, stage)
  switch (block.kind) {
    case 'basic':
    case 'bottleneck':
      return buildResidualBlock(layers, block, x, place)
    case 'dense':
      return buildDenseLayer(layers, block, x, place)
    case 'inverted':
      return buildInvertedBlock(layers, block, x, place)
  }
}
