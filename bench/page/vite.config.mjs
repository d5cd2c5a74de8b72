// Builds and serves the page that measures in a browser, isolated so that it may share memory between threads.
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

export default defineConfig({
  root: import.meta.dirname,
  resolve: { alias: { 'resnet-ts': fileURLToPath(new URL('../../dist/index.js', import.meta.url)) } },
  // TensorFlow.js hands the text of a function to its threads, which waits forever once names in it are shortened.
  build: { minify: false, chunkSizeWarningLimit: 10_000 },
  preview: {
    host: '127.0.0.1',
    port: 0,
    headers: {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    },
  },
})
