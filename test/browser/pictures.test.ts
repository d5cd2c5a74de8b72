/**
 * The same picture gives the same pixels in Node, Chromium and Firefox: partly transparent ones, turned ones, ones with
 * colour profiles, 16 bits, inks. A browser that is not installed is skipped.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import { build } from 'vite'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { decodePicture } from '../../src/images/decode.node.ts'
import type { Picture } from '../../src/images/picture.ts'
import { root } from '../command.ts'
import { uniform } from '../generator.ts'
import type { Answers, Found } from './pictures.ts'
import { answerOf, chromium, firefox } from './programs.ts'

const folder = mkdtempSync(join(tmpdir(), 'resnet-ts-pictures-'))
const files = join(folder, 'files')

/** Noise whose first row is transparent white, and whose second has hardly any alpha. */
function noise(channels: 3 | 4): Sharp {
  const [width, height] = [18, 13]
  const random = uniform(`pictures ${channels}`)
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => Math.floor(random(i) * 256))
  if (channels === 4) {
    for (let x = 0; x < width; x++) {
      data.set([255, 255, 255, 0], x * 4)
      data[(width + x) * 4 + 3] = 1 + (x % 8)
    }
  }
  return sharp(data, { raw: { width, height, channels } })
}

async function writePictures(): Promise<void> {
  const save = async (name: string, picture: Sharp) =>
    writeFileSync(join(files, name), await picture.toBuffer())
  const [colour, clear] = [noise(3), noise(4)]
  const formats = {
    jpg: (picture: Sharp) => picture.jpeg({ chromaSubsampling: '4:4:4' }),
    png: (picture: Sharp) => picture.png(),
    webp: (picture: Sharp) => picture.webp({ lossless: true, exact: true }),
    'lossy.webp': (picture: Sharp) => picture.webp({ quality: 80, exact: true }),
    avif: (picture: Sharp) => picture.avif({ lossless: true }),
  } as const
  for (const [ending, format] of Object.entries(formats)) {
    await save(`plain.${ending}`, format(colour.clone()))
    if (ending !== 'jpg') await save(`clear.${ending}`, format(clear.clone()))
    await save(`profile.${ending}`, format(colour.clone().withIccProfile('p3')))
    for (const orientation of [2, 3, 5, 6, 8]) {
      const turned = format(colour.clone().withMetadata({ orientation }))
      await save(`turned-${orientation}.${ending}`, turned)
      if (orientation === 6) await save(`unturned-6.${ending}`, turned)
    }
  }
  await save('halved-colours.jpg', colour.clone().jpeg({ progressive: true }))
  await save('halved-colours.avif', colour.clone().avif())
  await save('inks.jpg', colour.clone().toColourspace('cmyk').jpeg())
  await save('grey.jpg', colour.clone().toColourspace('b-w').jpeg())
  await save('deep.png', clear.clone().toColourspace('rgb16').png())
  await save('palette.png', clear.clone().png({ palette: true }))
  await save('interlaced.png', clear.clone().png({ progressive: true }))
  await save('clear.gif', clear.clone().gif())
  const frames = [await clear.clone().png().toBuffer(), await colour.clone().png().toBuffer()]
  const animated = await sharp(frames, { join: { animated: true } })
    .webp({ lossless: true, exact: true })
    .toBuffer()
  writeFileSync(join(files, 'animated.webp'), animated)
  // On a larger canvas, of which the first frame is a part.
  const canvas = animated.indexOf('VP8X') + 12
  animated[canvas] = 24
  animated[canvas + 3] = 19
  writeFileSync(join(files, 'animated-part.webp'), animated)
  const large = noise(3).resize(300, 200)
  for (const [ending, format] of Object.entries({ ...formats, gif: (picture: Sharp) => picture.gif() })) {
    const bytes = await format(large.clone()).toBuffer()
    writeFileSync(join(files, `half.${ending}`), bytes.subarray(0, bytes.length / 2))
  }
}

const nodes = new Map<string, Picture | string>()

beforeAll(async () => {
  mkdirSync(files)
  await writePictures()
  await build({
    configFile: false,
    root: join(root, 'test/browser'),
    logLevel: 'silent',
    build: {
      outDir: folder,
      emptyOutDir: false,
      target: 'es2022',
      rollupOptions: { input: join(root, 'test/browser/pictures.html') },
    },
    resolve: { alias: [{ find: /^#platform\/(.*)$/, replacement: `${root}/src/$1.browser.ts` }] },
  })
  const names = readdirSync(files)
  writeFileSync(join(folder, 'files.json'), JSON.stringify(names))
  for (const file of names) {
    const bytes = readFileSync(join(files, file))
    const orient = !file.startsWith('unturned-')
    nodes.set(file, await decodePicture({ file, bytes }, { orient }).catch(String))
  }
})

afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

/** How far the decoders of these differ, in levels: of inks by a rounding, of AVIF's colours by another. */
const tolerances: ReadonlyMap<string, number> = new Map([
  ['inks.jpg', 1],
  ['halved-colours.avif', 1],
])

describe.each([chromium, firefox])('$name', (browser) => {
  const isThere = browser.path !== undefined
  let answers: Answers

  beforeAll(async () => {
    if (isThere) answers = (await answerOf(browser, folder, 'pictures.html', { isolated: false })) as Answers
  })

  const installed = isThere ? '' : ' (it is not installed)'
  test.skipIf(!isThere)(`sees every picture as Node does${installed}`, () => {
    expect(Object.keys(answers.files).sort()).toEqual([...nodes.keys()].sort())
    const differing = Object.entries(answers.files).filter(
      ([file, found]) => difference(nodes.get(file), found) > (tolerances.get(file) ?? 0),
    )
    expect(differing.map(([file, found]) => `${file}: ${levels(nodes.get(file), found)}`)).toEqual([])
  })

  test.skipIf(!isThere)(`takes everything that a page holds as a picture${installed}`, () => {
    const expected = (form: string) =>
      nodes.get(form.endsWith('with a profile') ? 'profile.png' : 'plain.png')
    const differing = Object.entries(answers.forms).filter(
      ([form, found]) => difference(expected(form), found) > 0,
    )
    expect(differing.map(([form, found]) => `${form}: ${levels(expected(form), found)}`)).toEqual([])
  })

  test.skipIf(!isThere)(`says in a sentence what holds no picture${installed}`, () => {
    expect(answers.refusals).toEqual({
      'a broken <img>': expect.stringMatching(
        /^ImageError: the picture: the HTMLImageElement shows no picture now: its/,
      ),
      'a video without a frame': expect.stringMatching(
        /HTMLVideoElement shows no .* wait for its event "loadeddata"/,
      ),
      'an empty canvas': expect.stringMatching(/the OffscreenCanvas shows no picture now: it has no pixels/),
      'a closed bitmap': expect.stringMatching(/the ImageBitmap shows no picture now: it was closed/),
      'a missing file': expect.stringMatching(
        /^ImageError: .files.none\.png: the server answered 404 Not Found$/,
      ),
      'a data URL': expect.stringMatching(/^ImageError: data:image\/png;base64,…: not a picture/),
      floats: expect.stringMatching(/numbers in a Float32Array may mean anything/),
    })
  })
})

test.skipIf(firefox.path === undefined)(
  'Firefox that resists fingerprinting refuses what it would change',
  async () => {
    const settings = { 'privacy.resistFingerprinting': true }
    const { files, forms } = (await answerOf(firefox, folder, 'pictures.html', {
      isolated: false,
      settings,
    })) as Answers
    const refusal =
      /^ImageError: .*this browser changes what is read from a canvas.*privacy\.resistFingerprinting/
    for (const [file, found] of Object.entries(files)) {
      // Damaged ones are refused before.
      if (typeof nodes.get(file) === 'string') continue
      if (file.endsWith('.png')) expect(difference(nodes.get(file), found)).toBe(0)
      else expect(found).toMatch(refusal)
    }
    expect(difference(nodes.get('plain.png'), forms['a Blob'] ?? '')).toBe(0)
    expect(forms['a canvas']).toMatch(refusal)
    expect(forms['an <img>']).toMatch(refusal)
  },
)

/** The greatest difference in levels; none where both refuse a picture, endless where one does. */
function difference(expected: Picture | string | undefined, found: Found | string): number {
  if (typeof expected === 'string' && typeof found === 'string') return 0
  if (typeof expected !== 'object' || typeof found === 'string') return Number.POSITIVE_INFINITY
  if (expected.width !== found.width || expected.height !== found.height) return Number.POSITIVE_INFINITY
  return found.data.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected.data[i] ?? 0))), 0)
}

/** The same in words. */
function levels(expected: Picture | string | undefined, found: Found | string): string {
  return typeof found === 'string' ? found : `${difference(expected, found)} levels`
}
