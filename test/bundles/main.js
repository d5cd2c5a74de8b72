// Bundled for Node, as a module or as CommonJS: classifies a picture with a model whose path it is given.
import { loadModel } from 'resnet-ts'

const [picture, path] = process.argv.slice(2)

loadModel(path ?? 'cifar10-resnet20')
  .then((model) => model.classify(picture))
  .then(([best]) => console.log(JSON.stringify(best)))
