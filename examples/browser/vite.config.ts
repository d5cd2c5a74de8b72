/** Builds and serves the page: `npx vite examples/browser`. With these two headers a page may use all cores. */
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'

const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  // In a project of one's own this is the installed package.
  resolve: { alias: { 'resnet-ts': fileURLToPath(new URL('../../dist/index.js', import.meta.url)) } },
  server: { headers },
  preview: { headers },
})
