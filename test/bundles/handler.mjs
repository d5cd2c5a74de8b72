import { loadModel } from 'resnet-ts'

const model = loadModel('cifar10-resnet20.safetensors')

export async function handler(event) {
  const [best] = await (await model).classify(Buffer.from(event.body, 'base64'))
  return { statusCode: 200, body: JSON.stringify(best) }
}
