import { build } from 'esbuild'

await build({
  entryPoints: ['main.js'],
  outfile: 'dist/main.cjs',
  bundle: true,
  platform: 'node',
  external: ['sharp', 'vega'],
})
