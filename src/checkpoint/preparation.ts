/**
 * How a network's pictures are prepared, and who says so. What somebody says goes before any guess, in this order: the
 * caller; the file itself (settings, statistics among its tensors, a Keras graph's own layers); files beside it
 * (`preprocessor_config.json` of Hugging Face, `config.json` of timm); then what is usual for the network.
 */
import {
  overriddenPreprocessing,
  type Preprocessing,
  type PreprocessingOverrides,
} from '../architecture/preprocessing.ts'
import type { Checkpoint } from './checkpoint.ts'
import { dictionariesIn, isMap, jsonBeside } from './plain.ts'
import { graphPreparation } from './preparation-keras.ts'
import { settingsPreparation } from './preparation-settings.ts'
import { type Statistics, statisticsFields } from './statistics.ts'

/** What one source says of it. */
export interface Statement {
  readonly from: string
  readonly fields: PreprocessingOverrides
  /** What it says and is not followed. */
  readonly notes?: readonly string[]
}

export interface Preparation {
  readonly preprocessing: Preprocessing
  /** Who says so, field by field where they are several. */
  readonly from: string
  readonly notes: readonly string[]
}

export interface PreparationWanted {
  /** What is taken where nobody says otherwise. */
  readonly usual: { readonly preprocessing: Preprocessing; readonly from: string }
  /** What the caller chooses. */
  readonly chosen?: PreprocessingOverrides | undefined
  readonly channels: number
  readonly statistics: Statistics | undefined
}

export async function preparationOf(
  checkpoint: Checkpoint,
  { usual, chosen = {}, channels, statistics }: PreparationWanted,
): Promise<Preparation> {
  const statements = [
    { from: 'the caller', fields: chosen },
    ...settingsIn(checkpoint, channels),
    ...graphStatements(checkpoint, statistics),
    ...(statistics === undefined ? [] : [statisticsStatement(statistics, channels)]),
    ...(await settingsBeside(checkpoint, channels)),
  ]
  return combined(statements, usual, channels)
}

/** What is usual with the fields of statements in its place; the first goes before the later ones. */
export function combined(
  statements: readonly Statement[],
  usual: PreparationWanted['usual'],
  channels: number,
): Preparation {
  let preprocessing = usual.preprocessing
  for (const { fields } of [...statements].reverse())
    preprocessing = overriddenPreprocessing(preprocessing, fields, channels)
  const said = groups.map(
    ({ keys }) =>
      statements.find(({ fields }) => keys.some((key) => fields[key] !== undefined))?.from ?? usual.from,
  )
  const from = [...new Set(said)]
    .map((source, _, all) => {
      const named = groups.filter((_, i) => said[i] === source).map(({ name }) => name)
      return all.length === 1 ? source : `${named.join(', ')}: ${source}`
    })
    .join('; ')
  const notes = [
    ...statements.flatMap(({ notes = [] }) => notes),
    ...disagreements(statements, preprocessing, { usual, channels, said }),
  ]
  return { preprocessing, from, notes }
}

/** What a later source says otherwise than the one that goes before it, unless that is the caller. */
function disagreements(
  statements: readonly Statement[],
  taken: Preprocessing,
  context: {
    readonly usual: PreparationWanted['usual']
    readonly channels: number
    readonly said: readonly string[]
  },
): readonly string[] {
  const { usual, channels, said } = context
  return statements.flatMap(({ from, fields }) => {
    const alone = overriddenPreprocessing(usual.preprocessing, fields, channels)
    return groups.flatMap(({ name, keys }, g) => {
      const winner = said[g]
      const own = keys.filter((key) => fields[key] !== undefined)
      if (own.length === 0 || winner === from || winner === 'the caller') return []
      const other = own.some((key) => textOf(alone, key) !== textOf(taken, key))
      return other
        ? [`${from} says another thing of ${name}, which is not taken: ${winner} goes before it`]
        : []
    })
  })
}

/** A field's value so that equal ones are equal texts: means and deviations on the scale of 0 to 255. */
function textOf(preprocessing: Preprocessing, key: keyof Preprocessing): string {
  const { divisor } = preprocessing
  if (key === 'divisor') return ''
  const value = preprocessing[key]
  if (key !== 'mean' && key !== 'std') return JSON.stringify(value)
  return preprocessing[key].map((number) => (number * divisor).toPrecision(4)).join(' ')
}

const groups: readonly { readonly name: string; readonly keys: readonly (keyof Preprocessing)[] }[] = [
  { name: 'colours', keys: ['mean', 'std', 'divisor', 'channels'] },
  { name: 'size', keys: ['crop', 'resize'] },
  { name: 'interpolation', keys: ['interpolation'] },
]

function settingsIn({ extras = new Map() }: Checkpoint, channels: number): readonly Statement[] {
  return dictionariesIn(extras).flatMap(({ path, entries }) => {
    const where = path.length === 0 ? 'the file' : `${path.join(' / ')} in the file`
    return settingsPreparation(entries, where, channels)
  })
}

/** timm writes `pretrained_cfg` into its `config.json`; of other files only what is at the top counts. */
async function settingsBeside(checkpoint: Checkpoint, channels: number): Promise<readonly Statement[]> {
  const statements: Statement[] = []
  for (const file of ['preprocessor_config.json', 'config.json']) {
    const value = await jsonBeside(checkpoint, file)
    if (!isMap(value)) continue
    statements.push(...settingsPreparation(value, `${file} beside it`, channels))
    const inner = value.get('pretrained_cfg')
    if (isMap(inner))
      statements.push(...settingsPreparation(inner, `pretrained_cfg in ${file} beside it`, channels))
  }
  return statements
}

function statisticsStatement({ names, ...values }: Statistics, channels: number): Statement {
  return {
    from: `${names.join(' and ')} among the file's tensors`,
    fields: statisticsFields(values, channels),
  }
}

function graphStatements({ topology }: Checkpoint, statistics: Statistics | undefined): readonly Statement[] {
  return topology === undefined ? [] : graphPreparation(topology, statistics)
}
