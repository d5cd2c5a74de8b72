/** What neither names nor shapes can settle, as questions that a person understands. */

interface SilentField {
  /** Start of the config's dotted key. */
  readonly key: string
  readonly question: string
}

/** The first row whose key a field starts with is its question. */
const silentFields: readonly SilentField[] = [
  { key: 'block.strideAt', question: 'where the stride of a stage sits' },
  { key: 'block.order', question: 'the order of normalisation and activation' },
  { key: 'block.shortcutReads', question: 'whether shortcuts read the raw or the activated map' },
  { key: 'block.firstActivation', question: 'whether the first block has an activation of its own' },
  { key: 'head.finalActivation', question: 'what acts behind the last block' },
  { key: 'stem.pool', question: "how the stem's pool is padded, or what stands in its place" },
  { key: 'antialias', question: 'whether a filter stands behind strided convolutions' },
  { key: 'shortcut.kind', question: 'whether there are shortcuts at all' },
  { key: 'shortcut.zeros', question: "where option A's zeros stand" },
  { key: 'shortcut.sampling', question: 'how option A samples' },
  { key: 'shortcut.combine', question: 'how shortcut and branch come together' },
  { key: 'shortcut.pool', question: 'whether an average stands before projections' },
  { key: 'normalisation.epsilon', question: 'the epsilon of the normalisations' },
  { key: 'normalisation.groups', question: 'the groups of the normalisations' },
  { key: 'convolution.standardised', question: 'whether weights are standardised' },
  { key: 'head.pool', question: 'whether the last average has a fixed size' },
  { key: 'head.backgroundClass', question: 'whether class 0 is the background' },
  { key: 'input', question: 'the input size' },
]

/** The question that a field of the config belongs to; undefined where it concerns training alone, or nothing at all. */
export function questionOf(key: string): string | undefined {
  return silentFields.find((field) => key === field.key || key.startsWith(`${field.key}.`))?.question
}
