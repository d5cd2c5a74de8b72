// Inference by either of the two ONNX Runtimes, over the ONNX file that we write.
import { readFileSync } from 'node:fs'
import { sizesOf } from './network.mjs'
import { noise } from './noise.mjs'

/** What runs the network once. */
export async function openOnnx({ InferenceSession, Tensor }, { arch, material, batch, options }) {
  const session = await InferenceSession.create(new Uint8Array(readFileSync(material)), options)
  const { size } = sizesOf(arch)
  const images = new Tensor('float32', noise(batch * 3 * size * size), [batch, 3, size, size])
  return () => session.run({ [session.inputNames[0]]: images })
}
