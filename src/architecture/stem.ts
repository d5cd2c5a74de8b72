/** The stem: everything in front of stage 1. */
import type { GraphValue } from '../graph/graph.ts'
import { maxPool } from '../ops/max-pool.ts'
import { imageShape } from '../ops/shape.ts'
import type { Padding } from '../ops/window.ts'
import type { ResNetConfig } from './config.ts'
import { type Layers, onesInitialiser, pair, zerosInitialiser } from './layers.ts'
import { ceilPadding, samePadding, symmetricPadding } from './padding.ts'

export function buildStem(layers: Layers, image: GraphValue): GraphValue {
  layers.graph.part = { section: 'stem' }
  const x = stemConvolutions(layers, normaliseInput(layers, image))
  const pooled = stemPool(layers, x)
  layers.graph.name('stem', pooled)
  return pooled
}

/** Gluon's v2 normalises the image by running statistics alone; MXNet's `bn_data` adds a shift. */
function normaliseInput(layers: Layers, image: GraphValue): GraphValue {
  const { inputNormalisation } = layers.config.stem
  if (inputNormalisation === 'none') return image
  const name = layers.names.inputNormalisation
  const { channels } = imageShape(image.shape, 'image')
  const scale = layers.fixed(`${name}.scale`, channels, 1)
  const shift =
    inputNormalisation === 'statistics'
      ? layers.fixed(`${name}.shift`, channels, 0)
      : layers.graph.parameter(`${name}.bias`, [channels], zerosInitialiser)
  return layers.batchNormalise(name, image, scale, shift)
}

function stemConvolutions(layers: Layers, image: GraphValue): GraphValue {
  const { config, names } = layers
  const { kind, width, innerWidths, stride, activated } = config.stem
  const widths = kind === 'deep' ? [...innerWidths, width] : [width]
  let x = image
  widths.forEach((filters, index) => {
    const name = names.stemConvolutions[index] ?? `stem.conv${index + 1}`
    const normalisation = names.stemNormalisations[index] ?? `stem.norm${index + 1}`
    const kernel = kind === '7x7' ? 7 : 3
    x = layers.convolution(name, x, { filters, kernel, stride: index === 0 ? stride : 1, role: 'stem' })
    if (index === widths.length - 1 && !activated) return
    x = layers.normalise(normalisation, x, { scale: onesInitialiser })
    x = layers.activate(`stem.relu${index + 1}`, x)
  })
  return x
}

function stemPool(layers: Layers, x: GraphValue): GraphValue {
  const { graph, config, names } = layers
  const { pool } = config.stem
  const { channels, height, width } = imageShape(x.shape, 'stem')
  switch (pool.kind) {
    case 'none':
      return x
    case 'max': {
      const padding = maxPoolPadding(pool.padding, height, width)
      layers.checkFits('maxpool', x, 3, padding)
      const attributes = {
        kernel: pair(3),
        stride: pair(2),
        padding,
        ...(pool.padding === 'same' || pool.padding === 'ceil' ? { follows: pool.padding } : {}),
        paddingValue: pool.padding === 'zeros' ? ('zero' as const) : ('negative-infinity' as const),
      }
      return graph.add('maxpool', maxPool, attributes, [x])
    }
    case 'max-blur': {
      const { antialias } = config
      const taps = antialias.kind === 'blur' ? antialias.taps : [1, 2, 1]
      const padding = symmetricPadding(3)
      const attributes = {
        kernel: pair(3),
        stride: pair(1),
        padding,
        paddingValue: 'negative-infinity' as const,
      }
      const largest = graph.add('maxpool.0', maxPool, attributes, [x])
      return layers.blurPool('maxpool.1', largest, taps, 2)
    }
    case 'average':
      return layers.averagePool('maxpool', x, { kernel: 2, stride: 2, countPadding: true })
    case 'convolution': {
      const options = { filters: channels, kernel: 3, stride: 2, role: 'stem' as const }
      const y = layers.normalise(
        names.poolNormalisation,
        layers.convolution(names.poolConvolution, x, options),
      )
      return layers.activate('maxpool.relu', y)
    }
  }
}

type MaxPoolPadding = Extract<ResNetConfig['stem']['pool'], { kind: 'max' }>['padding']

function maxPoolPadding(padding: MaxPoolPadding, height: number, width: number): Padding {
  switch (padding) {
    case 'symmetric':
    case 'zeros':
      return symmetricPadding(3)
    case 'ceil':
      return ceilPadding([height, width], 3, 2)
    case 'same':
      return samePadding([height, width], 3, 2)
  }
}
