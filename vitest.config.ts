import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: {
    // In the package `#platform/x` is chosen by the `imports` conditions of package.json; the tests run the
    // TypeScript sources in Node.
    alias: [{ find: /^#platform\/(.*)$/, replacement: `${import.meta.dirname}/src/$1.node.ts` }],
  },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/*.test.mjs'],
    testTimeout: 240_000,
    hookTimeout: 120_000,
    maxWorkers: availableParallelism(),
    setupFiles: ['test/own-processor.ts'],
  },
})
