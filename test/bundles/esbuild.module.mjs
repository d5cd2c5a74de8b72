import { build } from 'esbuild'

await build({
  entryPoints: ['main.js'],
  outfile: 'dist/main.mjs',
  bundle: true,
  platform: 'node',
  format: 'esm',
  external: ['sharp', 'vega'],
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
})
