/** What to say of a file in which no known network is found: what was found, and what is missing. */
import { namingSchemes } from './schemes.ts'
import type { Stored } from './trunks.ts'

export function explainStrange(file: string, stored: Stored): string {
  const sources = [...new Set(namingSchemes.map(({ description }) => description))].join(', ')
  return `${file}: holds no residual network that is known here. Found: ${foundIn(stored)}. Missing: a first block of known name (layer1.0.conv1.weight, ...). Names are read of ${sources}`
}

function foundIn(stored: Stored): string {
  const weights = [...stored].filter(([name]) => !/(bias|beta|running_\w+|moving_\w+)(:0)?$/.test(name))
  const ofRank = (...ranks: readonly number[]) =>
    weights.filter(([, { shape }]) => ranks.includes(shape.length))
  const [convolutions, volumes, matrices] = [ofRank(4), ofRank(5), ofRank(2)]
  const [first] = convolutions
  const some = [...stored.keys()].slice(0, 3).join(', ')
  const stages = stagesIn([...stored.keys()])
  return [
    `${stored.size} tensors (${some}${stored.size > 3 ? ', ...' : ''})`,
    first === undefined
      ? 'no convolution'
      : `${convolutions.length} convolutions, the first ${first[0]} [${first[1].shape.join(', ')}]`,
    ...(volumes.length === 0 ? [] : [`${volumes.length} convolutions over time or depth`]),
    ...(stages.length === 0 ? [] : [`parts that may be stages: ${stages.join(', ')}`]),
    `${matrices.length} linear layers`,
  ].join('; ')
}

/** Parts with a number that hold numbered parts: `level2.0`, `layer3.1`. */
function stagesIn(names: readonly string[]): readonly string[] {
  const found = new Set<string>()
  for (const name of names) {
    const [, stage] = /(?:^|\.)([A-Za-z_]+\d+(?:_x)?)\.\d+\./.exec(name) ?? []
    if (stage !== undefined) found.add(stage)
  }
  return [...found].slice(0, 6)
}
