export default {
  mode: 'production',
  entry: './main.js',
  target: 'node20',
  externals: { sharp: 'commonjs sharp', vega: 'import vega' },
  output: { filename: 'main.cjs' },
}
