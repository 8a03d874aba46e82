/** The page's one style sheet: light and dark by the reader's system, black on white on paper. */
export const style = `
:root { color-scheme: light dark;
  --back: light-dark(#ffffff, #14161a); --card: light-dark(#f5f6f8, #1d2026); --ink: light-dark(#1b1f24, #e6e8eb);
  --quiet: light-dark(#59636e, #9aa4af); --line: light-dark(#d5dae0, #343a43);
  --a: light-dark(#8a6d1f, #d6ad45); --b: light-dark(#1f5fbf, #6ea8fe);
  --good: light-dark(#1a7037, #4cc277); --warn: light-dark(#8f5a00, #e3a53a); --bad: light-dark(#b3261e, #ff8a80); }
* { box-sizing: border-box; }
body { margin: 0; background: var(--back); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
main, nav, footer { max-width: 62rem; margin: 0 auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0; text-wrap: balance; }
h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.2rem 0 .3rem; }
p { margin: .4rem 0; max-width: 48rem; }
.verdict { margin: 1.5rem 0 1rem; padding: 1rem 1.2rem; background: var(--card); border-left: 6px solid var(--tone); border-radius: 4px; }
.verdict .word { color: var(--tone); font-weight: 700; letter-spacing: .04em; text-transform: uppercase; font-size: .85rem; margin: 0 0 .2rem; }
.good { --tone: var(--good); } .warn { --tone: var(--warn); } .bad { --tone: var(--bad); } .busy { --tone: var(--b); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .6rem; margin: 1rem 0; padding: 0; }
.tiles div { background: var(--card); border-radius: 4px; padding: .6rem .8rem; }
.tiles dt { color: var(--quiet); font-size: .85rem; } .tiles dd { margin: 0; font-size: 1.25rem; font-weight: 600; overflow-wrap: anywhere; }
.quiet { color: var(--quiet); font-size: .9rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; max-width: 22rem; overflow-wrap: break-word; }
th { color: var(--quiet); font-weight: 600; }
td:not(.n), th:first-child { min-width: 6rem; }
.n + :not(.n) { padding-left: .5rem; }
.n { text-align: right; font-variant-numeric: tabular-nums; } td.n { white-space: nowrap; } th { overflow-wrap: normal; }
code { font: .9em ui-monospace, Menlo, Consolas, monospace; background: var(--card); padding: .1em .3em; border-radius: 3px; overflow-wrap: anywhere; }
svg { width: 100%; height: auto; display: block; margin: .4rem 0 .8rem; font: 12px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .axis { fill: var(--quiet); } svg .grid { stroke: var(--line); }
svg .a { fill: var(--a); } svg .b { fill: var(--b); } svg .track { fill: var(--card); } svg .warnfill { fill: var(--warn); }
svg .curve { fill: none; stroke: var(--b); stroke-width: 2; } svg .under { fill: var(--b); opacity: .14; }
.legend span::before { content: ""; display: inline-block; width: .75em; height: .75em; margin: 0 .4em 0 0; border-radius: 2px; background: var(--key); }
.legend span { margin-right: 1.2em; } .legend .a { --key: var(--a); } .legend .b { --key: var(--b); }
ol, ul { padding-left: 1.3rem; max-width: 48rem; } li { margin: .3rem 0; }
nav { padding-top: .8rem; font-size: .9rem; } nav a { color: var(--b); margin-right: 1rem; }
footer { color: var(--quiet); font-size: .85rem; padding-top: 2rem; padding-bottom: 2rem; }
@media screen and (max-width: 40rem) { svg { min-width: 42rem; } td { max-width: 12rem; } }
@media print {
  :root { color-scheme: light; } body { font-size: 10.5pt; } nav { display: none; }
  .verdict, .tiles div, svg .track { background: none; } .verdict, .tiles div { border: 1px solid var(--line); border-left-width: 6px; border-left-color: var(--tone, var(--line)); }
  h2, h3 { break-after: avoid; } tr, svg, .tiles, .verdict { break-inside: avoid; } .wide { overflow: visible; } th, td { overflow-wrap: anywhere; }
  svg, .verdict { print-color-adjust: exact; -webkit-print-color-adjust: exact; } }
`;
