/** How a report looks: on a screen, on a phone, in the dark, on paper. Fonts are the system's. */
export const style = `
:root { color-scheme: light dark; --ink: #1c1c1e; --quiet: #6a6a70; --line: #e3e3e6; --paper: #fff; --panel: #f6f6f8; --accent: #0072b2; --grave: #b3261e }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8ea; --quiet: #9a9aa2; --line: #3a3a40; --paper: #18181b; --panel: #222226; --accent: #56b4e9; --grave: #ff8a80 }
}
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2.5rem 1.25rem 4rem; max-width: 62rem; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; font-variant-numeric: tabular-nums }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.25; font-weight: 650; letter-spacing: -.01em; overflow-wrap: anywhere }
h2 { margin: 3rem 0 .75rem; font-size: 1.1rem; font-weight: 650 }
p { margin: .4rem 0; max-width: 46rem }
.quiet, small { color: var(--quiet) }
.quiet b { font-weight: 500; overflow-wrap: anywhere }
.verdict { margin: .9rem 0 .6rem; padding: .1rem 0 .1rem .9rem; border-left: 4px solid var(--accent); font-size: 1.15rem; line-height: 1.4 }
.verdict.grave { border-color: var(--grave); color: var(--grave) }
.finding { padding-left: calc(.9rem + 4px) }
.tiles { display: flex; flex-wrap: wrap; gap: 1px; margin: 1.75rem 0 0; padding: 0;
  background: var(--line); border: 1px solid var(--line); border-radius: 10px; overflow: hidden }
.tiles div { flex: 1 1 9.5rem; padding: .9rem 1rem; background: var(--paper); display: flex; flex-direction: column-reverse; justify-content: flex-end }
.tiles dt { color: var(--quiet); font-size: .85rem }
.tiles dd { margin: 0; font-size: 1.45rem; font-weight: 600; letter-spacing: -.01em }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 1.5rem }
svg { display: block; max-width: 100%; height: auto }
.plots svg { width: 100% }
svg text { font-family: inherit }
table { border-collapse: collapse; width: 100% }
th, td { padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap }
th { color: var(--quiet); font-weight: 500; font-size: .85rem }
th:first-child, td:first-child { text-align: left; white-space: normal; overflow-wrap: anywhere; min-width: 6rem }
td small { display: block; font-size: .8rem }
.pairs { margin-top: 1.5rem; max-width: 46rem }
.pairs td:nth-child(2), .pairs th:nth-child(2) { text-align: left; white-space: normal; overflow-wrap: anywhere }
th:last-child, td:last-child { padding-right: 0 }
tfoot td { font-weight: 600 }
.settings { margin-bottom: 1.5rem }
.settings td, .settings th { text-align: left; white-space: normal; overflow-wrap: anywhere }
.settings td:first-child { color: var(--quiet); width: 40% }
.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 0 2.5rem; align-items: start }
.answers { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: 1.5rem 1.25rem; margin-top: 1rem }
figure { margin: 0; break-inside: avoid }
figure .pair { display: flex; gap: 4px }
figure img { flex: 1; min-width: 0; max-width: 50%; border-radius: 4px; background: var(--panel) }
figcaption { margin-top: .4rem; font-size: .9rem; line-height: 1.4; overflow-wrap: anywhere }
figcaption small { display: block; font-size: .8rem }
pre { margin: .5rem 0; padding: .8rem 1rem; background: var(--panel); border-radius: 8px; white-space: pre-wrap; overflow-wrap: anywhere;
  font: .85rem/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace }
summary { cursor: pointer; padding: .6rem 0; color: var(--quiet) }
@media (max-width: 40rem) {
  body { padding-top: 1.5rem; font-size: 14px }
  th, td { padding-right: .4rem }
  th:first-child, td:first-child { min-width: 4rem }
  .classes { font-size: 13px }
}
@media (prefers-color-scheme: dark) {
  svg > rect { fill: none }
  .role-axis-label text, .role-axis-title text, .role-legend-label text, .note text { fill: var(--ink) }
  .role-axis-grid line, .frame path { stroke: var(--line) }
  [stroke="#0072b2"] { stroke: var(--accent) }
  .mark-symbol [fill="#0072b2"] { fill: var(--accent) }
}
@media print { body { max-width: none; padding: 0; font-size: 11px } .tiles, svg, table { break-inside: avoid } h2 { break-after: avoid } }
`
