import express from 'express'
import { loadModel } from 'resnet-ts'

const model = await loadModel('cifar10-resnet20')
const app = express()
app.post('/classify', express.raw({ type: () => true, limit: '20mb' }), async (request, response) => {
  response.json(await model.classify(request.body))
})
app.use((error, _request, response, _next) => {
  response.status(error.name === 'ImageError' ? 400 : 500).json({ error: error.message })
})
app.listen(process.env.PORT)
