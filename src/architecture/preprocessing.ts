/**
 * What a picture goes through before a network sees it. It belongs to the model, as its labels do: the same tensors fed
 * with another scale or channel order are worth nothing. The presets are those of the published sources
 * (torchvision, timm, Keras, TensorFlow, MXNet, Caffe, the CIFAR collections); `images/` applies them.
 */
import * as v from 'valibot'
import { ConfigError } from '../errors.ts'
import { parsed, whole } from './schema.ts'

const pixels = whole(1, 16_384)
const finite = v.pipe(v.number('must be a number'), v.finite('must be a finite number'))
const positive = v.pipe(finite, v.gtValue(0, 'must be greater than 0'))
const forEachChannel = (number: typeof finite | typeof positive) =>
  v.pipe(
    v.array(number, 'must be a list of numbers'),
    v.minLength(1, 'must hold one number for each channel'),
    v.maxLength(1024, 'must hold one number for each channel'),
  )

const schema = v.pipe(
  v.strictObject({
    /** The order in which the network reads the channels of a colour picture. */
    channels: v.picklist(['rgb', 'bgr'], 'must be one of rgb, bgr'),
    /** A value of 0..255 becomes `(value / divisor − mean) / std`, channel by channel in the network's order. */
    divisor: positive,
    mean: forEachChannel(finite),
    std: forEachChannel(positive),
    /**
     * `short-side`: keeps the proportions, the long side truncated to whole pixels as torchvision does;
     * `short-side-rounded`: the same, rounded. `squash`: to a square, whatever the proportions (Keras' `load_img`).
     */
    resize: v.strictObject({
      kind: v.picklist(
        ['short-side', 'short-side-rounded', 'squash'],
        'must be one of short-side, short-side-rounded, squash',
      ),
      size: pixels,
    }),
    /** Height and width of the piece cut from the middle: what the network sees. */
    crop: v.strictTuple([pixels, pixels], 'must be a height and a width'),
    /** Pillow's antialiased filter of that name. */
    interpolation: v.picklist(
      ['nearest', 'bilinear', 'bicubic', 'lanczos'],
      'must be one of nearest, bilinear, bicubic, lanczos',
    ),
  }),
  v.check(({ mean, std }) => mean.length === std.length, 'must have as many numbers in std as in mean'),
)

type Output = v.InferOutput<typeof schema>

/**
 * How a picture of 0..255 becomes the input `[N, C, H, W]` of a network.
 *
 * @useDeclaredType
 */
export type Preprocessing = {
  readonly [K in keyof Output]: Output[K] extends object ? Readonly<Output[K]> : Output[K]
}
export type Interpolation = Preprocessing['interpolation']

const imagenet = {
  channels: 'rgb',
  divisor: 255,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
  resize: { kind: 'short-side', size: 256 },
  crop: [224, 224],
  interpolation: 'bilinear',
} as const satisfies Preprocessing

const small = { resize: { kind: 'short-side', size: 32 }, crop: [32, 32] } as const

/** The published ones by name. */
const presets = {
  /** torchvision, Gluon, the ONNX zoo, NVIDIA, Torch. */
  'torch-imagenet': imagenet,
  /** timm, Hugging Face. */
  'torch-imagenet-bicubic': { ...imagenet, interpolation: 'bicubic' },
  /** timm's pre-activation networks and BiT: −1 to 1. */
  'half-imagenet': {
    ...imagenet,
    mean: [0.5, 0.5, 0.5],
    std: [0.5, 0.5, 0.5],
    interpolation: 'bicubic',
  },
  /** BiT as it was tuned for ImageNet. */
  'half-imagenet-bilinear': { ...imagenet, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
  /** Caffe and Keras' v1: BGR minus the mean, no scaling. */
  'caffe-imagenet': {
    ...imagenet,
    channels: 'bgr',
    divisor: 1,
    mean: [103.939, 116.779, 123.68],
    std: [1, 1, 1],
    resize: { kind: 'short-side-rounded', size: 256 },
  },
  /** TensorFlow's v1 and v2: RGB minus the mean, no scaling. */
  'tensorflow-imagenet': { ...imagenet, divisor: 1, mean: [123.68, 116.78, 103.94], std: [1, 1, 1] },
  /** Keras' v2: −1 to 1. */
  'keras-v2': { ...imagenet, divisor: 127.5, mean: [1, 1, 1], std: [1, 1, 1] },
  /** MXNet's symbols: the network's first normalisation does the work. */
  'raw-imagenet': { ...imagenet, divisor: 1, mean: [0, 0, 0], std: [1, 1, 1] },
  /** Torch's CIFAR networks and Wide ResNet. */
  cifar10: {
    ...imagenet,
    ...small,
    mean: [125.3 / 255, 123 / 255, 113.9 / 255],
    std: [63 / 255, 62.1 / 255, 66.7 / 255],
  },
  /** The public CIFAR collection: ImageNet's statistics on CIFAR's pictures. */
  'cifar-akamaster': { ...imagenet, ...small },
} as const satisfies Record<string, Preprocessing>

/**
 * The published ways by name.
 *
 * @useDeclaredType
 */
export type PreprocessingName = keyof typeof presets

/** The names of the published ways to prepare a picture. */
export const preprocessingNames: readonly PreprocessingName[] = Object.freeze(
  Object.keys(presets).filter((name): name is PreprocessingName => Object.hasOwn(presets, name)),
)

/**
 * A published preprocessing by name. With an `input` (height and width in pixels) other than its own, crop and resize
 * follow in the same proportion.
 */
export function preprocessingNamed(
  name: PreprocessingName,
  input?: readonly [number, number],
): Preprocessing {
  const preset: Preprocessing = presets[name]
  return input === undefined ? preset : croppedTo(preset, input)
}

/** The same preprocessing for another input size: crop and resize in the same proportion. */
export function croppedTo(
  preprocessing: Preprocessing,
  [height, width]: readonly [number, number],
): Preprocessing {
  const { crop, resize } = preprocessing
  if (crop[0] === height && crop[1] === width) return preprocessing
  const share = resize.size / Math.max(...crop)
  return {
    ...preprocessing,
    crop: [height, width],
    resize: { ...resize, size: Math.max(1, Math.round(Math.max(height, width) * share)) },
  }
}

/**
 * Reads a preprocessing from outside (a model file).
 *
 * @throws ConfigError that names the first key that is wrong and says what it must be.
 */
export function parsePreprocessing(value: unknown): Preprocessing {
  return parsed(schema, value, { name: 'preprocessing', of: 'a preprocessing', prefix: 'preprocessing.' })
}

/**
 * Fields that go before a preprocessing's own. Without a divisor, means and deviations are of values from 0 to 1, or, where
 * a mean is above 1, from 0 to 255.
 */
export type PreprocessingOverrides = Partial<Preprocessing>

/**
 * A preprocessing with some of its fields replaced, for a network of so many channels; resize follows a crop in proportion.
 *
 * @throws ConfigError for what cannot be.
 */
export function overriddenPreprocessing(
  preprocessing: Preprocessing,
  { crop, ...fields }: PreprocessingOverrides,
  channels: number,
): Preprocessing {
  const base = crop === undefined ? preprocessing : croppedTo(preprocessing, crop)
  const { mean, divisor } = fields
  const scaled = mean === undefined || divisor !== undefined ? {} : { divisor: divisorFor(mean) }
  const all = { ...base, ...scaled, ...fields }
  const grey = channels === 1 ? { mean: greyOf(all.mean, all), std: greyOf(all.std, all) } : {}
  return forChannels(parsePreprocessing({ ...all, ...grey }), channels)
}

/** Means above 1 are of values from 0 to 255. */
export function divisorFor(mean: readonly number[]): 1 | 255 {
  return mean.some((value) => Math.abs(value) > 1) ? 1 : 255
}

/** Shares of red, green and blue in grey: ITU-R 601-2, as in Pillow's `convert('L')`. */
const greyShares = [0.299, 0.587, 0.114] as const

/** What three numbers, one for each colour, are for grey; any other count stays. */
function greyOf(values: readonly number[], { channels }: Preprocessing): readonly number[] {
  const [red, green, blue, ...more] = channels === 'rgb' ? values : [...values].reverse()
  if (red === undefined || green === undefined || blue === undefined || more.length > 0) return values
  return [greyShares[0] * red + greyShares[1] * green + greyShares[2] * blue]
}

/**
 * The preprocessing for a network that reads so many channels: where it reads one, statistics of three become those of
 * grey, weighted as the picture itself is.
 *
 * @throws ConfigError for statistics of another number of channels.
 */
export function forChannels(preprocessing: Preprocessing, channels: number): Preprocessing {
  const { mean, std } = preprocessing
  if (mean.length === channels) return preprocessing
  if (channels === 1 && mean.length === 3)
    return { ...preprocessing, mean: greyOf(mean, preprocessing), std: greyOf(std, preprocessing) }
  const [given] = mean
  const each = mean.length === 1 ? `; give one for each, as in ${Array(channels).fill(given).join(',')}` : ''
  const possible = channels === 3 || channels === 1 ? each : `. ${onlyColourOrGrey}`
  throw new ConfigError(
    'preprocessing.mean',
    `has ${mean.length} ${mean.length === 1 ? 'number' : 'numbers'}, but the network reads ${channels} ${channels === 1 ? 'channel' : 'channels'}${possible}`,
  )
}

/** What can be done with a network of other channels than pictures have. */
export const onlyColourOrGrey =
  'Pictures have three channels (colour) or one (grey). To convert the network all the same, give as many means and deviations as it has channels; to run it on pictures, keep three or one of the input channels of its first convolution'

/** In one line, for people: `RGB / 255, mean 0.485 0.456 0.406, std 0.229 0.224 0.225; short side resized to 256 (bilinear), middle 224×224 cropped`. */
export function describePreprocessing(preprocessing: Preprocessing): string {
  const { channels, divisor, mean, std, resize, crop, interpolation } = preprocessing
  const count = mean.length
  const colour = count === 1 ? 'grey' : count === 3 ? channels.toUpperCase() : `${count} channels`
  const scale = divisor === 1 ? ' from 0 to 255' : ` / ${divisor}`
  const plain = mean.every((value) => value === 0) && std.every((value) => value === 1)
  const statistics = plain ? ' as it is' : `, mean ${numbers(mean)}, std ${numbers(std)}`
  const { kind, size } = resize
  const resized = kind === 'squash' ? `squashed to ${size}×${size}` : `short side resized to ${size}`
  return `${colour}${scale}${statistics}; ${resized} (${interpolation}), middle ${crop.join('×')} cropped`
}

function numbers(values: readonly number[]): string {
  const short = values.map((value) => String(Number(value.toPrecision(6))))
  return new Set(short).size === 1 ? (short[0] ?? '') : short.join(' ')
}
