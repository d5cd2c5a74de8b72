// The work that a peer is asked for: `PEER ARCH [--mode training] --batch N --threads N --runs N [--material PATH]`.
import { parseArgs } from 'node:util'

const text = { type: 'string' }
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    mode: { ...text, default: 'inference' },
    batch: text,
    threads: text,
    runs: text,
    material: text,
  },
})

export const work = {
  peer: positionals[0],
  arch: positionals[1],
  mode: values.mode,
  batch: Number(values.batch),
  threads: Number(values.threads),
  runs: Number(values.runs),
  /** What was made for it beforehand: the file of its network, the folder of the built page. */
  material: values.material,
}
