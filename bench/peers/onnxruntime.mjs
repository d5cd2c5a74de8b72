// Inference by either of the two ONNX Runtimes, over the ONNX file that we write.
import { readFileSync } from 'node:fs'

/** What runs the network once, on images of noise. */
export async function openOnnx({ InferenceSession, Tensor }, { model, batch, size, options }) {
  const session = await InferenceSession.create(new Uint8Array(readFileSync(model)), options)
  const pixels = Float32Array.from(
    { length: batch * 3 * size * size },
    (_, i) => ((i * 7919) % 1000) / 500 - 1,
  )
  const images = new Tensor('float32', pixels, [batch, 3, size, size])
  return () => session.run({ [session.inputNames[0]]: images })
}
