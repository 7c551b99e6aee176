/** The page's own style: one file that needs nothing else. Colours keep 4.5:1 for text and 3:1 for marks on both grounds. */
export const STYLE = `
:root { color-scheme: light dark; --ground: #f6f7f9; --surface: #fff; --line: #dde1e8; --text: #1a1f29; --muted: #566072;
  --mark: #2d5bd0; --warn: #8f5a00; --warn-soft: #fdf1d9 }
@media (prefers-color-scheme: dark) { :root { --ground: #12151b; --surface: #1a1e26; --line: #2e3440; --text: #e6e9ef;
  --muted: #a0a9b8; --mark: #86abff; --warn: #f0b958; --warn-soft: #3a2d12 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 24px; max-width: 1200px; background: var(--ground); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif }
h1 { font-size: 24px; margin: 0 0 4px } h2 { font-size: 18px; margin: 0 0 8px }
section { background: var(--surface); border: 1px solid var(--line); border-radius: 8px; padding: 16px; margin: 16px 0 }
.table { overflow-x: auto } table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: 6px 12px 6px 0; border-bottom: 1px solid var(--line) }
th { font-weight: 600 } tbody th, .small, caption { font-size: 13px } tbody th { font-weight: 500; white-space: nowrap }
caption { text-align: left; color: var(--muted); padding-bottom: 4px }
td { font-variant-numeric: tabular-nums } td.path { overflow-wrap: anywhere; min-width: 12ch }
.interval, .muted { color: var(--muted) } td > .interval { white-space: nowrap } svg { display: block; margin-top: 2px }
svg line { stroke: var(--mark); stroke-width: 2 } svg line.ground { stroke: var(--line); stroke-width: 1 }
svg circle { fill: var(--mark) }
.warning { background: var(--warn-soft); color: var(--warn); border-radius: 6px; padding: 8px 12px; margin: 0 0 8px }
.differs td, .differs th { color: var(--warn); font-weight: 600 }
details { margin-top: 12px } summary { cursor: pointer; font-size: 13px }
`
