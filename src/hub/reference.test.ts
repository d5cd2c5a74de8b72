import { describe, expect, it } from 'vitest'
import { ArgumentError } from '../errors.ts'
import { findPublished, nearestModel, PUBLISHED_MODELS, publishedRelease } from './published.ts'
import { formatNpm, parseReference, unknownModel } from './reference.ts'
import { SHIPPED_MODELS } from './shipped.ts'

describe('a model reference', () => {
  it.each([
    ['resnet50.keras_in1k', { kind: 'published', name: 'resnet50.keras_in1k' }],
    ['cifar10-resnet20', { kind: 'shipped', model: SHIPPED_MODELS[0] }],
    ['npm:weights', { kind: 'npm', package: 'weights' }],
    ['npm:weights@1.0.4', { kind: 'npm', package: 'weights', version: '1.0.4' }],
    ['npm:weights@1.0.4/', { kind: 'npm', package: 'weights', version: '1.0.4' }],
    ['npm:weights/a/b', { kind: 'npm', package: 'weights', path: 'a/b' }],
    ['npm:weights@2.0.0-rc.1/a', { kind: 'npm', package: 'weights', version: '2.0.0-rc.1', path: 'a' }],
    ['npm:@scope/name', { kind: 'npm', package: '@scope/name' }],
    ['npm:@scope/name@1.2.3/dir', { kind: 'npm', package: '@scope/name', version: '1.2.3', path: 'dir' }],
    ['npm:weights/a/model.json', { kind: 'npm', package: 'weights', path: 'a' }],
    ['npm:weights@1.0.0/model.json', { kind: 'npm', package: 'weights', version: '1.0.0' }],
    ['npm:weights/a@2/net.pth', { kind: 'npm', package: 'weights', path: 'a@2/net.pth' }],
    ['./weights.pth', { kind: 'path', path: './weights.pth' }],
    ['weights.pth', { kind: 'path', path: 'weights.pth' }],
    ['C:\\models\\a.pth', { kind: 'path', path: 'C:\\models\\a.pth' }],
    ['./npm:odd', { kind: 'path', path: './npm:odd' }],
    ['https://example.org/a.safetensors', { kind: 'address', url: 'https://example.org/a.safetensors' }],
  ])('reads %s', (text, expected) => {
    expect(parseReference(text)).toEqual(expected)
  })

  it.each([
    ['npm:', /not the name of a registry package; expected npm:PACKAGE\[@VERSION\]\[\/PATH\]/],
    ['npm:@scope', /not the name of a registry package/],
    ['npm:.hidden', /not the name of a registry package/],
    ['npm:../up', /not the name of a registry package/],
    ['npm:git+https://example.org/a.git', /not the name of a registry package/],
    ['npm:file:../weights', /not the name of a registry package/],
    [`npm:${'a'.repeat(215)}`, /not the name of a registry package/],
    ['npm:weights@', /"" is not an exact version/],
    ['npm:weights@^1.0.0', /"\^1.0.0" is not an exact version; ranges, tags/],
    ['npm:weights@latest', /"latest" is not an exact version/],
    ['npm:weights@1.0', /"1.0" is not an exact version/],
    ['npm:weights@01.0.0', /not an exact version/],
    ['npm:weights@npm:other@1.0.0', /not an exact version/],
    ['npm:weights@https://example.org/a.tgz', /not an exact version/],
    ['npm:weights@1.0.0/../up', /not a path inside a package/],
    ['npm:weights@1.0.0//a', /not a path inside a package/],
    ['npm:weights@1.0.0/a\\..\\b', /not a path inside a package/],
    ['npm:weights@1.0.0/a\u0000', /not a path inside a package/],
    ['', /the model is empty/],
    ['git://example.org/a', /models do not come from "git:"/],
    ['file:///weights.pth', /models do not come from "file:"/],
    ['https://', /not an address/],
  ])('refuses %j in one line with an example', (text, message) => {
    const parse = () => parseReference(text)
    expect(parse).toThrow(ArgumentError)
    expect(parse).toThrow(message)
    expect(parse).toThrow(/^[^\n]+$/)
  })

  it('is written again as it was read', () => {
    for (const text of ['npm:weights', 'npm:@scope/name@1.2.3/a/b', 'npm:weights/a']) {
      const reference = parseReference(text)
      expect(reference.kind === 'npm' && formatNpm(reference)).toBe(text)
    }
  })

  it('that is neither a file nor a name gets the nearest name', () => {
    expect(unknownModel('resnet50.keras_in1').message).toMatch(
      /no such file.*did you mean resnet50.keras_in1k\?/,
    )
    expect(unknownModel('zebra').message).toMatch(/models by name: cifar10-resnet20, resnet50.keras_in1k/)
  })
})

describe('the table of published models', () => {
  it('finds a row by its name and by its package', () => {
    const row = findPublished('resnet50.keras_in1k')
    expect(publishedRelease(row.package, row.version)).toBe(row)
    expect(publishedRelease(row.package, '9.9.9')).toBeUndefined()
  })

  it('suggests the nearest name', () => {
    expect(() => findPublished('resnet50.keras')).toThrow(/did you mean resnet50.keras_in1k\?/)
    expect(() => findPublished('unheard')).toThrow(/there are: resnet50.keras_in1k/)
    expect(nearestModel('RESNET50')).toBe('resnet50.keras_in1k')
    expect(nearestModel('cifar10_resnet20')).toBe('cifar10-resnet20')
  })

  it('pins every row to an exact version and a whole SHA-512', () => {
    for (const row of PUBLISHED_MODELS) {
      expect(parseReference(`npm:${row.package}@${row.version}/${row.path}`).kind).toBe('npm')
      expect(Buffer.from(row.integrity.replace('sha512-', ''), 'base64')).toHaveLength(64)
      expect(row.bytes).toBeGreaterThan(0)
    }
  })
})
