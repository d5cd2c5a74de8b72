/** Runs cases of check.mjs in OpenCV's build for JavaScript: `node opencv.mjs FOLDER PACKAGES ID...`; a line of JSON for each. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const [folder, packages, ...ids] = process.argv.slice(2)
const cv = await createRequire(join(packages, 'package.json'))('@techstark/opencv-js')
if (cv.Mat === undefined) await new Promise((resolve) => (cv.onRuntimeInitialized = resolve))
const cases = new Map(
  JSON.parse(await readFile(join(folder, 'cases.json'), 'utf8')).map((each) => [each.id, each]),
)

/** The pictures, planes apart, as OpenCV's blob [N, C, H, W]. */
function blobOf(pixels, [batch, channels, height, width]) {
  const pictures = new cv.MatVector()
  for (let n = 0; n < batch; n++) {
    const picture = new cv.Mat(height, width, cv.CV_MAKETYPE(cv.CV_32F, channels))
    for (let i = 0; i < height * width; i++)
      for (let c = 0; c < channels; c++)
        picture.data32F[i * channels + c] = pixels[(n * channels + c) * height * width + i]
    pictures.push_back(picture)
    picture.delete()
  }
  return cv.blobFromImages(pictures, 1, new cv.Size(width, height), new cv.Scalar(), false, false, cv.CV_32F)
}

function answer(bytes, blob) {
  cv.FS_createDataFile('/', 'network.onnx', bytes, true, false, false)
  try {
    const net = cv.readNetFromONNX('/network.onnx')
    net.setInput(blob, '')
    return [...net.forward('').data32F]
  } finally {
    cv.FS_unlink('/network.onnx')
  }
}

// A build for pages has little memory, and none left after a few networks: the one who started this starts it again.
for (const id of ids.slice(0, 6)) {
  const { file, shape } = cases.get(id)
  try {
    const bytes = await readFile(join(folder, `${id}.image`))
    const pixels = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4)
    const logits = answer(await readFile(join(folder, file)), blobOf(pixels, shape))
    console.log(JSON.stringify({ id, logits }))
  } catch (error) {
    const text = typeof error === 'number' ? cv.exceptionFromPtr(error).msg : String(error)
    if (id !== ids[0] && /memory|abort/i.test(text)) break
    console.log(JSON.stringify({ id, error: text }))
  }
}
process.exit()
