// Puts the summary of results into docs/performance.md, in place of the one there: `node bench/publish.mjs NAME`.
import { readFileSync, writeFileSync } from 'node:fs'
import { summaryOf } from './results.mjs'

const [name] = process.argv.slice(2)
const results = JSON.parse(readFileSync(new URL(`results/${name}.json`, import.meta.url), 'utf8'))
const page = new URL('../docs/performance.md', import.meta.url)
const [before, , after] = readFileSync(page, 'utf8').split(/<!-- (?:\/)?summary -->\n/)
if (after === undefined) throw new Error('docs/performance.md has no summary between its two marks')
writeFileSync(
  page,
  `${before}<!-- summary -->\n\`bench/results/${name}.json\`: ${summaryOf(results)}\n\n<!-- /summary -->\n${after}`,
)
