export default {
  mode: 'production',
  entry: './main.js',
  target: 'node20',
  externals: { sharp: 'module sharp', vega: 'module vega' },
  experiments: { outputModule: true },
  output: { filename: 'main.mjs', module: true, chunkFormat: 'module' },
}
