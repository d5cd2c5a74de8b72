/** The library bundled for a browser: no module of Node, and none of the packages that need it, is reached. */
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { build } from 'vite'
import { expect, test } from 'vitest'
import { root } from './command.ts'

test('the built library reaches nothing of Node from a browser', async () => {
  const reached: string[] = []
  const nodeOnly = /^(node:|sharp$|tar$|npm-registry-fetch$|@npmcli\/|env-paths$|commander$)/
  const output = await build({
    root,
    configFile: false,
    logLevel: 'silent',
    build: {
      write: false,
      minify: false,
      lib: { entry: join(root, 'dist/index.js'), formats: ['es'], fileName: 'resnet' },
    },
    plugins: [
      {
        name: 'watch-imports',
        enforce: 'pre',
        resolveId(id, importer) {
          if (nodeOnly.test(id) || isBuiltin(id) || id.endsWith('.node.js'))
            reached.push(`${importer} imports ${id}`)
        },
      },
    ],
  })
  expect(reached).toEqual([])
  const [bundle] = Array.isArray(output) ? output : []
  expect(bundle?.output[0].code).toContain('buildResNet')
})
