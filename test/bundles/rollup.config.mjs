import commonjs from '@rollup/plugin-commonjs'
import json from '@rollup/plugin-json'
import nodeResolve from '@rollup/plugin-node-resolve'

export default {
  input: 'main.js',
  external: ['sharp', 'vega'],
  plugins: [nodeResolve({ exportConditions: ['node'], preferBuiltins: true }), commonjs(), json()],
  // Of circles inside npm's own packages.
  onwarn: (warning, warn) => warning.code === 'CIRCULAR_DEPENDENCY' || warn(warning),
  output: { dir: 'dist', entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' },
}
