/** `resnet train` as scripts and people meet it. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { onlyLine, resnet } from './command.ts'
import { writeSmallPictures } from './small-pictures.ts'

let folder = ''
let pictures = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'resnet-ts-train-'))
  pictures = join(folder, 'colours')
  await writeSmallPictures(pictures, { train: 10, test: 4 })
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const small = ['--arch', 'cifar_resnet8', '--epochs', '2', '--batch', '9']

describe('resnet train', () => {
  test('answers programs one JSON object a line: epochs, then the summary', async () => {
    const out = join(folder, 'json')
    const { status, stdout } = await resnet(['train', pictures, ...small, '--out', out, '--json'])
    expect(status).toBe(0)
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines.map(({ kind }) => kind)).toEqual(['epoch', 'epoch', 'ended'])
    expect(lines[0]).toMatchObject({ epoch: 1, train: { loss: expect.any(Number) }, val: { images: 3 } })
    expect(lines[2]).toMatchObject({ reason: 'finished', epochs: 2, out, test: { images: 12 } })
    expect(await readdir(out)).toEqual(
      expect.arrayContaining(['best.safetensors', 'last.safetensors', 'report.html', 'state.safetensors']),
    )
  })

  test('shows people a table of epochs, and a sheet of augmented pictures where it is asked to', async () => {
    const out = join(folder, 'shown')
    const { stdout, stderr } = await resnet(['train', pictures, ...small, '--out', out, '--preview'])
    expect(stdout).toMatch(/^cifar_resnet8: 74\.8 k parameters/)
    expect(stdout).toMatch(
      /3 classes; pictures: 27 for training, 3 for validation \(set apart from those\), 12 for testing/,
    )
    expect(stdout).toMatch(/\n +epoch +loss +right +val loss +val right +rate +images\/s +time\n +1\/2 /)
    expect(stdout).toMatch(/of 12 test pictures right/)
    expect(stderr).toMatch(/preview\.png: in each row a training picture/)
    const png = await readFile(join(out, 'preview.png'))
    expect(png.subarray(1, 4).toString()).toBe('PNG')
  })

  test('takes a recipe from a file, as config.json of a run holds one', async () => {
    const config = JSON.parse(await readFile(join(folder, 'json', 'config.json'), 'utf8'))
    const file = join(folder, 'own.json')
    await writeFile(file, JSON.stringify({ ...config.recipe, epochs: 1, rate: 0.01 }))
    const out = join(folder, 'own')
    const { status } = await resnet([
      'train',
      pictures,
      '--arch',
      'cifar_resnet8',
      '--recipe',
      file,
      '--out',
      out,
    ])
    expect(status).toBe(0)
    const kept = JSON.parse(await readFile(join(out, 'config.json'), 'utf8'))
    expect(kept.recipe).toMatchObject({ epochs: 1, batch: 9, rate: 0.01 })
  })

  test.for([
    [['nowhere'], /nowhere: no such dataset/],
    [['PICTURES', '--recipe', 'nope'], /there is no recipe "nope"; there are .*one-cycle/],
    [['PICTURES', '--recipe', 'no.json'], /no\.json: cannot be read; --recipe takes a name or a \.json file/],
    [['PICTURES', '--set', 'pace=1'], /there is no field "pace" here; the fields are .*schedule/],
    [['PICTURES', '--set', 'rate=-1'], /^resnet: rate: must be a number from 0 to 1000/],
    [['PICTURES', '--set', 'batch=9', '--set', 'microBatch=2'], /microBatch: must divide the batch of 9/],
    [['PICTURES', '--arch', 'resnet51'], /there is no network named "resnet51"/],
    [['PICTURES', '--freeze', '1'], /--freeze keeps parts of a trained network; name it with --from/],
    [['PICTURES', '--teacher', 'cifar10-resnet20'], /the recipe one-cycle does not distil/],
  ] satisfies [readonly string[], RegExp][])('refuses %s in one line, and leaves nothing', async ([
    args,
    message,
  ]) => {
    const out = join(folder, 'refused')
    const given = args.map((word) => (word === 'PICTURES' ? pictures : word))
    const outcome = await resnet(['train', ...given, ...(args.includes('--out') ? [] : ['--out', out])])
    expect(outcome.status).toBe(2)
    expect(onlyLine(outcome)).toMatch(message)
    expect(await readdir(folder)).not.toContain('refused')
  })

  test('says which batch fits before it reads pictures, and leaves nothing', async () => {
    const out = join(folder, 'too large')
    const size = ['--crop', '2048', '--resize', '2048']
    const outcome = await resnet(['train', pictures, '--arch', 'resnet18', ...size, '--out', out])
    expect(outcome.stderr).toMatch(
      /a batch of \d+ needs \S+ GB of WebAssembly memory, .*; a batch of \d+ fits$/m,
    )
    expect(outcome.status).toBe(1)
    expect(await readdir(folder)).not.toContain('too large')
  })
})
