/** Which flags V8 gets, and how those of an unknown V8 are tried. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../../../test/command.ts'
import { simdFlagsFor } from './simd-flags.ts'

const fuses = Number.parseInt(process.versions.node, 10) >= 24 && process.arch === 'x64'

describe('the flags of a V8', () => {
  it('are known where the tests have run: Node 20, 22, 24 and 26', () => {
    const flagsOf = (v8: string) => simdFlagsFor(v8, 'x64').flags.join(' ')
    expect(flagsOf('11.3.244.8-node.38')).toBe('--experimental-wasm-relaxed-simd')
    expect(flagsOf('12.4.254.21-node.57')).toBe('')
    expect(flagsOf('13.6.233.17-node.53')).toBe('--experimental-wasm-revectorize')
    expect(flagsOf('14.6.202.34-node.34')).toBe('--experimental-wasm-revectorize --no-wasm-deopt')
  })

  it('are tried first on every V8 between and after them', () => {
    for (const v8 of ['13.7.1', '14.1.146.11-node.20', '14.60.1', '15.0.0', '146.1'])
      expect(simdFlagsFor(v8, 'x64')).toMatchObject({ tried: false, revectorize: true })
  })

  it('are none where there was nothing to gain, or the version says nothing', () => {
    for (const v8 of ['10.2.154.26', '11.8.172.17', '12.9.202', '13.5.0', '', 'unknown'])
      expect(simdFlagsFor(v8, 'x64')).toEqual({ flags: [], revectorize: false, tried: true })
  })

  it('fuse nothing on other processors, whatever the V8', () => {
    for (const v8 of ['11.3.244', '12.4.254', '13.6.233', '14.6.202', '15.0', ''])
      for (const arch of ['arm64', 'riscv64', 'ia32'])
        expect(simdFlagsFor(v8, arch)).toMatchObject({ revectorize: false, tried: true })
  })
})

describe('a V8 that nobody has tried', () => {
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'resnet-ts-simd-'))
    // The command, with a V8 that calls itself another one.
    writeFileSync(
      join(folder, 'other-v8.mjs'),
      "Object.defineProperty(process, 'versions', { value: { ...process.versions, v8: '99.1.2' } })",
    )
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const runsOn = (execArgv: readonly string[] = []) => {
    const args = ['--import', join(folder, 'other-v8.mjs'), ...execArgv, 'dist/cli/main.js']
    const command = [...args, 'bench', 'cifar_resnet8', '--threads', '1', '--json']
    const env = { ...process.env, RESNET_TS_CACHE: join(folder, 'cache') }
    return execFileSync(process.execPath, command, { cwd: root, env, encoding: 'utf8' })
  }
  const answers = () =>
    readdirSync(join(folder, 'cache/simd')).map((name) => join(folder, 'cache/simd', name))

  it('has its flags tried in a process of its own, once', () => {
    const expected = process.arch !== 'x64' ? 'SIMD' : fuses ? 'revectorized SIMD' : 'failed its test'
    expect(runsOn()).toContain(expected)
    if (process.arch !== 'x64') return
    const [answer = ''] = answers()
    expect(answers()).toHaveLength(1)
    expect(readFileSync(answer, 'utf8')).toBe(fuses ? 'right' : 'wrong')
    // The answer of the cache is taken, right or wrong.
    writeFileSync(answer, 'wrong')
    expect(runsOn()).toContain('SIMD, as revectorized SIMD failed its test')
    expect(readFileSync(answer, 'utf8')).toBe('wrong')
  })

  it('is tried again where the answer is damaged', () => {
    if (process.arch !== 'x64') return
    for (const answer of answers()) writeFileSync(answer, '\0')
    expect(runsOn()).toContain(fuses ? 'revectorized SIMD' : 'failed its test')
  })

  it.runIf(process.versions.v8.startsWith('14.6.'))('ends its trial alone where it crashes', () => {
    const trial = join(root, 'dist/engines/wasm/simd-trial.node.js')
    // What killed every command on Node 26.
    const { signal, stdout } = spawnSync(process.execPath, [trial, '--experimental-wasm-revectorize'])
    expect(signal).not.toBeNull()
    expect(stdout.toString()).toBe('')
  })
})
