/** The command's contracts: what `--json` answers, exit statuses, one line for every mistake. */
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { variants } from '../src/architecture/variants.ts'
import { countRows } from '../src/cli/list.ts'
import { displayWidth } from '../src/cli/table.ts'
import { onlyLine, resnet, root } from './command.ts'

const json = async (args: readonly string[]): Promise<unknown> => JSON.parse((await resnet(args)).stdout)

describe('resnet list', () => {
  test('answers every network, counted as it is built', async () => {
    const rows = await json(['list', '--json'])
    expect(rows).toEqual(JSON.parse(JSON.stringify(await countRows())))
    expect(rows).toContainEqual({
      name: 'resnet18',
      description: expect.any(String),
      depth: 18,
      parameters: 11_689_512,
      macs: 1_814_073_344,
      input: [224, 224],
      source: expect.any(String),
      family: 'torchvision',
      aliases: expect.arrayContaining(['ssl_resnet18', 'resnet18_v1.5']),
      weights: [],
    })
    expect(rows).toContainEqual(
      expect.objectContaining({ name: 'gluon_resnet50_v1b', family: 'gluon', sameAs: 'resnet50' }),
    )
  })

  test('groups by family, says which names are one network, and fits 80 columns', async () => {
    const lines = (await resnet(['list'])).stdout.trimEnd().split('\n')
    expect(lines.filter((line) => displayWidth(line) > 80)).toEqual([])
    expect(lines.filter((line) => /^(gluon|torchvision|timm): /.test(line))).toHaveLength(3)
    expect(lines.join(' ').replaceAll(/ +/g, ' ')).toContain('the same network as resnet50')
    expect(lines).toContainEqual(expect.stringMatching(/^gluon_resnet50_v1b +resnet50_v1b$/))
    for (const name of variants().map((variant) => variant.name))
      expect(
        lines.some((line) => line.startsWith(`${name} `)),
        name,
      ).toBe(true)
  })

  test('takes one family, or what weights can be had for by name', async () => {
    const family = await json(['list', '--family', 'gluon', '--json'])
    expect(family).toHaveLength(variants().filter(({ source }) => source === 'dmlc/gluon-cv').length)
    const { stdout } = await resnet(['list', '--with-weights'])
    expect(stdout).toMatch(/^resnet20 .*\n/m)
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('weights: resnet50.keras_in1k')
    expect(onlyLine(await resnet(['list', '--family', 'caffe']))).toContain('It must be one of torchvision')
  })

  test('ends quietly when its reader has seen enough', async () => {
    const outcome = await resnet(['list', '--json'], { meanwhile: (child) => child.stdout?.destroy() })
    expect(outcome).toMatchObject({ status: 0, stderr: '' })
  })
})

describe('resnet show', () => {
  test('answers the contract', async () => {
    expect(await json(['show', 'resnet50', '--json'])).toMatchObject({
      name: 'resnet50',
      config: { block: { strideAt: 'conv2' } },
      input: [224, 224],
      classes: 1000,
      depth: 50,
      parameters: 25_557_032,
      macs: 4_089_184_256,
      activations: 11_114_984,
      layers: expect.arrayContaining([
        expect.objectContaining({
          name: 'conv1',
          op: 'conv2d',
          inputShape: ['N', 3, 224, 224],
          outputShape: ['N', 64, 112, 112],
          parameters: 9408,
          macs: 118_013_952,
          receptiveField: 7,
          stride: 2,
        }),
      ]),
    })
  })

  test('takes classes, input and any field of the config', async () => {
    const args = ['--classes', '10', '--input', '32', '--set', 'stem.kind=3x3', '--set', 'stem.stride=1']
    expect(
      await json(['show', 'resnet18', ...args, '--set', 'stem.pool={"kind":"none"}', '--json']),
    ).toMatchObject({
      input: [32, 32],
      classes: 10,
      parameters: 11_173_962,
    })
    expect(await json(['show', 'resnet20', '--input', '48x32', '--json'])).toMatchObject({ input: [48, 32] })
  })

  test('shows stem, stages, blocks, head and the diagram of a block', async () => {
    const { stdout } = await resnet(['show', 'resnet50', '--block', '3.0'])
    for (const words of [
      '25,557,032 parameters, 50 layers deep',
      '4.09 G multiply-adds for one image of 224×224',
      'stem\n',
      'stage 4',
      'head',
      '5 × (1×1 256, 3×3 256, 1×1 1024)',
      'layer3.0 (stage 3)',
      '│ shortcut',
      '(+) add, then ReLU',
    ]) {
      expect(stdout).toContain(words)
    }
  })

  test('says what was changed, and a kind brings its usual fields along', async () => {
    const changes = ['--input', '160', '--set', 'stem.kind=3x3', '--set', 'attention.kind=se']
    const { stdout } = await resnet(['show', 'resnet50d', ...changes])
    expect(stdout).toMatch(
      /^resnet50d, changed: input 160×160, stem\.kind 3x3, attention\.kind se\nmade from: ResNet-50-D/,
    )
    expect(await json(['show', 'resnet50d', ...changes, '--json'])).toMatchObject({
      name: 'resnet50d',
      changes: { input: [160, 160], 'stem.kind': '3x3', 'attention.kind': 'se' },
      config: { stem: { innerWidths: [] }, attention: { kind: 'se', reduction: 16 } },
    })
  })

  test('says of another name which network it is', async () => {
    const { stdout } = await resnet(['show', 'resnet50_v1b'])
    expect(stdout).toContain('resnet50_v1b is another name of gluon_resnet50_v1b')
    expect(await json(['show', 'resnet50_v1b', '--json'])).toMatchObject({
      name: 'gluon_resnet50_v1b',
      alias: 'resnet50_v1b',
    })
    expect(await json(['show', 'resnet50', '--json'])).not.toHaveProperty('alias')
  })

  test('takes a published name and a model file as well', async () => {
    const published = await resnet(['show', 'resnet50.keras_in1k'])
    expect(published.stdout).toContain('which holds keras_resnet50_old')
    const file = await resnet(['show', join(root, 'models/cifar10-resnet20.safetensors')])
    expect(file.stdout).toContain('269,722 parameters')
    expect(file.stdout.replaceAll(/\s+/g, ' ')).toContain('classes airplane, automobile, bird')
  })

  test('fits 80 columns', async () => {
    for (const name of [
      'resnet50',
      'seresnext101_64x4d',
      'skresnet50d',
      'resnetv2_50x1_bit',
      'densenet121',
    ]) {
      const lines = (await resnet(['show', name])).stdout.split('\n')
      expect(
        lines.filter((line) => displayWidth(line) > 80),
        name,
      ).toEqual([])
    }
  })

  test('tells how each convolution is computed, and why, without running it', async () => {
    const { stdout } = await resnet(['show', 'resnet50', '--algorithms'])
    expect(stdout).toMatch(/^conv1 +7×7\/2, 3 → 64 .* direct +lacks a 3×3 window$/m)
    expect(stdout).toMatch(/^layer2\.0\.conv2 .* direct +lacks stride 1$/m)
    expect(stdout).toMatch(/^layer4\.2\.conv2 .* 7×7 +winograd +76\.6 % on the map$/m)
    expect(stdout.split('\n').filter((line) => displayWidth(line) > 80)).toEqual([])
    expect(await json(['show', 'resnext50_32x4d', '--algorithms', '--json'])).toMatchObject({
      name: 'resnext50_32x4d',
      algorithms: expect.arrayContaining([
        {
          name: 'layer1.0.conv2',
          algorithm: 'direct',
          window: [3, 3],
          stride: [1, 1],
          groups: 32,
          channels: 128,
          filters: 128,
          map: [56, 56],
          tileUse: 1,
          lacks: 'one group',
        },
      ]),
    })
  })

  test('answers soon for the deepest network, and the list sooner', async () => {
    // The best of three, with room for a machine that does other things: a start that loads everything takes longer.
    const best = async (args: readonly string[]) => {
      const times = []
      for (let i = 0; i < 3; i++) times.push((await resnet(args)).milliseconds)
      return Math.min(...times)
    }
    expect(await best(['list'])).toBeLessThan(2000)
    expect(await best(['show', 'resnet1202', '--json'])).toBeLessThan(4000)
  })
})

describe('resnet compare', () => {
  test('answers the contract', async () => {
    expect(await json(['compare', 'resnet50_v1', 'resnet50', '--json'])).toMatchObject({
      a: 'resnet50_v1',
      b: 'resnet50',
      configDifferences: [{ key: 'block.strideAt', a: 'conv1', b: 'conv2' }],
      totals: {
        parameters: { a: 25_557_032, b: 25_557_032, difference: 0 },
        macs: { difference: 231_211_008 },
      },
      layers: expect.arrayContaining([
        expect.objectContaining({ name: 'layer2.0.conv1', change: 'changed' }),
      ]),
    })
  })

  test('shows in one glance that only the stride moved, and what that costs', async () => {
    const { stdout } = await resnet(['compare', 'resnet50_v1', 'resnet50'])
    expect(stdout.trimEnd().split('\n').length).toBeLessThan(40)
    expect(stdout).toMatch(/^resnet50_v1 puts the stride of a stage in the block's first 1×1/)
    expect(stdout).toMatch(/1×1, 256 → 128, stride 2 +≠ +1×1, 256 → 128\n/)
    expect(stdout).toMatch(/block\.strideAt +conv1 +conv2/)
    expect(stdout).toMatch(/parameters .* same/)
    expect(stdout).toContain('+231 M (+6.0 %)')
    expect(stdout).toMatch(/first convolution +stride 2 → 1/)
  })

  test('fits 80 columns for any two networks, and says so of two that are one', async () => {
    for (const [a, b] of [
      ['resnet34', 'wide_resnet101_2'],
      ['cifar_resnet110_exclusive_gating', 'cifar_resnet110_shortcut_gating'],
      ['resnet20', 'resnetv2_152x4_bit'],
      ['densenet121', 'mobilenetv2_100'],
    ] as const) {
      const lines = (await resnet(['compare', a, b])).stdout.split('\n')
      expect(
        lines.filter((line) => displayWidth(line) > 80),
        `${a} ${b}`,
      ).toEqual([])
    }
    const same = await resnet(['compare', 'resnet50', 'gluon_resnet50_v1b'])
    expect(same.stdout.replaceAll(/\s+/g, ' ')).toContain(
      'are the same network; only weights and preprocessing may differ',
    )
  })

  test('counts both at one input, and takes models', async () => {
    expect(await json(['compare', 'resnet20', 'resnet18', '--input', '64', '--json'])).toMatchObject({
      input: [64, 64],
      configDifferences: expect.arrayContaining([{ key: 'input', a: [32, 32], b: [224, 224] }]),
    })
    // A fixed 7×7 average takes one input alone, so that one is the shared one.
    const [small, fixed] = ['resnet20', 'resnet50_caffe']
    expect(await json(['compare', small, fixed, '--json'])).toMatchObject({ input: [224, 224] })
    const file = join(root, 'models/cifar10-resnet20.safetensors')
    const { stdout } = await resnet(['compare', file, 'resnet50.keras_in1k'])
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain('Both are counted at 32×32')
  })
})

describe('mistakes', () => {
  test.each([
    [['lst'], "unknown command 'lst' (Did you mean list?)"],
    [['show'], "missing required argument 'network'"],
    [['show', 'resnet51'], 'did you mean resnet50?'],
    [['show', 'resnet50', '--clases', '3'], "unknown option '--clases' (Did you mean --classes?)"],
    [['show', 'resnet50', '--classes', 'ten'], 'must be a whole number from 1 to 1000000'],
    [['show', 'resnet50', '--input', '0'], 'must be pixels'],
    [['show', 'resnet50', '--set', 'stages.0.blocks=0'], 'stages.0.blocks: must be a whole number from 1'],
    [['show', 'resnet50', '--set', 'stride=2'], 'there is no field "stride"'],
    [['show', 'resnet50', '--block', '5.0'], 'the blocks are layer1.0 to layer4.2'],
    [['show', 'resnet50', '--block', '5.0', '--json'], 'the blocks are layer1.0 to layer4.2'],
    [['compare', 'resnet50'], "missing required argument 'b'"],
    [['data', 'cifar'], 'there are: cifar10, cifar100'],
    [['data', 'cifar10', '--from', 'mirror'], 'no address to fetch from'],
    [['--nothing'], "unknown option '--nothing'"],
  ])('%j is one line and status 2', async (args, words) => {
    const outcome = await resnet(args)
    expect(onlyLine(outcome)).toContain(words)
    expect(onlyLine(outcome)).toMatch(/^resnet: /)
    expect(outcome).toMatchObject({ status: 2, stdout: '' })
  })

  test('a stack is shown only where asked for', async () => {
    expect((await resnet(['show', 'resnet51', '--debug'])).stderr).toContain('    at ')
  })
})

describe('help', () => {
  test.each([['list'], ['show'], ['compare'], ['data']])('%s has an example', async (command) => {
    const { status, stdout } = await resnet([command, '--help'])
    expect(status).toBe(0)
    expect(stdout).toMatch(new RegExp(`Examples?:\n +resnet ${command}`))
    expect(stdout).toContain('--json')
  })

  test('without a command, help and status 2', async () => {
    const { status, stderr } = await resnet([])
    expect(status).toBe(2)
    expect(stderr).toContain('Usage: resnet')
  })
})
