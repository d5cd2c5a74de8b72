/** Runs cases of check.mjs in ONNX Runtime: `node onnxruntime.mjs FOLDER PACKAGES ID...`; a line of JSON for each. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [folder, packages, ...ids] = process.argv.slice(2)
const { InferenceSession, Tensor } = createRequire(join(packages, 'package.json'))('onnxruntime-node')
const cases = new Map(
  JSON.parse(await readFile(join(folder, 'cases.json'), 'utf8')).map((each) => [each.id, each]),
)

for (const id of ids) {
  const { file, shape } = cases.get(id)
  try {
    const session = await InferenceSession.create(join(folder, file), { intraOpNumThreads: 1 })
    const bytes = await readFile(join(folder, `${id}.image`))
    const image = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    const { logits } = await session.run({ image: new Tensor('float32', image, shape) })
    console.log(JSON.stringify({ id, logits: [...logits.data] }))
  } catch (error) {
    console.log(JSON.stringify({ id, error: error.message }))
  }
}
