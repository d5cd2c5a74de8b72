import { loadModel } from 'resnet-ts'

let model

export async function POST(request) {
  model ??= loadModel('cifar10-resnet20')
  const [best] = await (await model).classify(await request.blob())
  return Response.json(best)
}
