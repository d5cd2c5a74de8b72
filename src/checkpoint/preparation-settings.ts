/**
 * What settings say of how pictures are prepared: Hugging Face's `preprocessor_config.json` (transformers,
 * `image_processing_*.py`), timm's `pretrained_cfg` (`timm/data/config.py`, `transforms_factory.py`), and means and
 * deviations that training scripts keep.
 */
import type { Interpolation, PreprocessingOverrides } from '../architecture/preprocessing.ts'
import type { PlainValue } from './checkpoint.ts'
import { isMap, type PlainMap } from './plain.ts'
import type { Statement } from './preparation.ts'
import { statisticsFields } from './statistics.ts'

/** The statement of one dictionary of settings; none where it says nothing of pictures. */
export function settingsPreparation(
  settings: PlainMap,
  where: string,
  channels: number,
): readonly Statement[] {
  if (settings.has('image_mean') || settings.has('do_normalize') || settings.has('do_resize'))
    return [huggingFace(settings, where, channels)]
  for (const prefix of ['', 'pixel_', 'norm_', 'normalize_', 'dataset_', 'img_', 'image_']) {
    const mean = numbersOf(settings.get(`${prefix}mean`), channels)
    const std = numbersOf(settings.get(`${prefix}std`), channels)
    if (mean === undefined || std === undefined || !std.every((value) => value > 0)) continue
    const said = timm(settings)
    return [
      {
        from: where.endsWith('the file') ? `${prefix}mean and ${prefix}std in ${where}` : where,
        fields: { ...statisticsFields({ mean, std }, channels), ...said.fields },
        notes: said.notes.map((note) => `${where}: ${note}`),
      },
    ]
  }
  return []
}

/** A list of one number for each channel of colour or grey; one bare number where the network reads one. */
function numbersOf(value: PlainValue | undefined, channels: number): readonly number[] | undefined {
  const list = typeof value === 'number' && channels === 1 ? [value] : value
  if (!Array.isArray(list) || ![1, 3].includes(list.length)) return undefined
  const numbers = list.filter((item) => typeof item === 'number' && Number.isFinite(item))
  return numbers.length === list.length ? numbers : undefined
}

function sizeOf(value: PlainValue | undefined): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= 16_384
    ? value
    : undefined
}

interface Said {
  readonly fields: PreprocessingOverrides
  readonly notes: readonly string[]
}

/** `input_size` [3, 224, 224], `crop_pct`, `crop_mode`, `interpolation`. */
function timm(settings: PlainMap): Said {
  const size = settings.get('input_size')
  const [, height, width] = Array.isArray(size) ? size.map(sizeOf) : []
  const share = settings.get('crop_pct')
  const mode = settings.get('crop_mode')
  const named = settings.get('interpolation')
  const interpolation = typeof named === 'string' ? interpolations.get(named) : undefined
  const notes =
    mode === undefined || mode === 'center' || mode === 'squash' || mode === null
      ? []
      : [`the crop mode ${String(mode)} is not followed, but center`]
  const fields = {
    ...(interpolation === undefined ? {} : { interpolation }),
    ...(height === undefined || width === undefined ? {} : { crop: [height, width] as const }),
  }
  if (typeof share !== 'number' || !(share > 0 && share <= 1) || height === undefined || width === undefined)
    return { fields, notes }
  const kind = mode === 'squash' && height === width ? 'squash' : 'short-side'
  const side = Math.floor(Math.max(height, width) / share)
  return { fields: { ...fields, resize: { kind, size: side } }, notes }
}

const interpolations: ReadonlyMap<PlainValue, Interpolation> = new Map<PlainValue, Interpolation>([
  ['nearest', 'nearest'],
  ['bilinear', 'bilinear'],
  ['bicubic', 'bicubic'],
  ['lanczos', 'lanczos'],
  // Pillow's numbers.
  [0, 'nearest'],
  [1, 'lanczos'],
  [2, 'bilinear'],
  [3, 'bicubic'],
])

function huggingFace(settings: PlainMap, where: string, channels: number): Statement {
  const mean = numbersOf(settings.get('image_mean'), 1)
  const std = numbersOf(settings.get('image_std'), 1)
  const interpolation = interpolations.get(settings.get('resample') ?? '')
  const factor = settings.get('rescale_factor')
  const rescaled = settings.get('do_rescale') !== false
  const divisor = rescaled ? (typeof factor === 'number' && factor > 0 ? round(1 / factor) : 255) : 1
  const normalised = settings.get('do_normalize') !== false && mean !== undefined && std !== undefined
  const statistics = normalised
    ? { ...statisticsFields({ mean, std }, channels), divisor }
    : { divisor, ...asItIs }
  const sizes = settings.get('do_resize') === false ? { fields: {}, notes: [] } : huggingFaceSizes(settings)
  return {
    from: where,
    fields: {
      ...statistics,
      ...sizes.fields,
      ...(interpolation === undefined ? {} : { interpolation }),
    },
    notes: sizes.notes.map((note) => `${where}: ${note}`),
  }
}

const asItIs = { mean: [0, 0, 0], std: [1, 1, 1], channels: 'rgb' } as const

function round(value: number): number {
  return Number(value.toPrecision(12))
}

/** Sides below this are resized in proportion and cut, others squashed (ConvNeXT's processor, which ResNets have). */
const squashedFrom = 384

function huggingFaceSizes(settings: PlainMap): Said {
  const type = String(settings.get('image_processor_type') ?? settings.get('feature_extractor_type') ?? '')
  const size = settings.get('size')
  const short = isMap(size) ? sizeOf(size.get('shortest_edge')) : sizeOf(size)
  if (type.startsWith('ConvN') && short !== undefined) return convNext(short, settings.get('crop_pct'))
  const cut = settings.get('do_center_crop') === true ? squareOf(settings.get('crop_size')) : undefined
  const square = squareOf(isMap(size) && !size.has('shortest_edge') ? size : undefined)
  const crop = cut ?? square ?? short
  if (crop === undefined)
    return { fields: {}, notes: ['its size is not followed: it is neither a number nor a square'] }
  const keeps = short !== undefined && (isMap(size) || cut !== undefined)
  const resize = { kind: keeps ? 'short-side' : 'squash', size: short ?? square ?? crop } as const
  return { fields: { crop: [crop, crop], resize }, notes: [] }
}

function convNext(side: number, share: PlainValue | undefined): Said {
  const part = typeof share === 'number' && share > 0 && share <= 1 ? share : 224 / 256
  const squashed = side >= squashedFrom
  const resize = squashed
    ? ({ kind: 'squash', size: side } as const)
    : ({ kind: 'short-side', size: Math.trunc(side / part) } as const)
  return { fields: { crop: [side, side], resize }, notes: [] }
}

function squareOf(value: PlainValue | undefined): number | undefined {
  if (!isMap(value)) return sizeOf(value)
  const [height, width] = [sizeOf(value.get('height')), sizeOf(value.get('width'))]
  return height === width ? height : undefined
}
