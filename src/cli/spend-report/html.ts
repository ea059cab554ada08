/** A report as one HTML file: no script, nothing loaded from elsewhere, light and dark, fit to print. */
import type { ReportPage, ReportTable, Section } from './sections.ts'

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/g

/** Text from outside, made safe for elements and attributes; control characters, and those that turn text around, become spaces. */
export const htmlText = (text: string): string =>
  text.replace(UNSEEN, ' ').replace(/[&<>"']/g, (character) => entities[character] ?? '')

const STYLE = `
:root { color-scheme: light dark; --text: #1b1b1f; --dim: #5c5c66; --line: #d8d8e0; --bar: #4a63c9; --page: #ffffff }
@media (prefers-color-scheme: dark) { :root { --text: #ececf1; --dim: #a5a5b2; --line: #3c3c46; --bar: #8fa3f5; --page: #17171b } }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; font: 15px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page) }
h1 { font-size: 1.6rem; margin: 0 } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
p { margin: .3rem 0 } .dim { color: var(--dim) }
.wide { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { padding: .3rem .7rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; overflow-wrap: anywhere }
th { color: var(--dim); font-weight: 600 } .right { text-align: right; white-space: nowrap; overflow-wrap: normal }
svg { display: block; width: 8rem; height: .8rem } rect { fill: var(--bar) }
ul { padding-left: 1.2rem; color: var(--dim) }
@media print {
  :root { color-scheme: light; --text: #000; --dim: #444; --line: #bbb; --bar: #333; --page: #fff }
  body { margin: 0; max-width: none; font-size: 10pt } section { break-inside: avoid } section.long { break-inside: auto; break-before: page }
  thead { display: table-header-group } tr { break-inside: avoid } .wide { overflow: visible } @page { margin: 15mm }
}`

/** Sections with more rows begin a page of their own in print. */
const LONG = 24

export function htmlReport({ title, subtitle, sections }: ReportPage): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>${htmlText(title)}</title>
<style>${STYLE}
</style>
</head>
<body>
<main>
<h1>${htmlText(title)}</h1>
<p class="dim">${htmlText(subtitle)}</p>
${sections.map(sectionHtml).join('\n')}
</main>
</body>
</html>
`
}

function sectionHtml({ title, words, table, notes = [] }: Section): string {
  const long = (table?.rows.length ?? 0) > LONG
  return [
    `<section${long ? ' class="long"' : ''}>`,
    `<h2>${htmlText(title)}</h2>`,
    ...words.map((text) => `<p>${htmlText(text)}</p>`),
    ...(table && table.rows.length > 0 ? [tableHtml(table)] : []),
    ...(notes.length > 0 ? [`<ul>${notes.map((note) => `<li>${htmlText(note)}</li>`).join('')}</ul>`] : []),
    '</section>',
  ].join('\n')
}

function tableHtml({ columns, rows, bars }: ReportTable): string {
  const classOf = (index: number): string => (columns[index]?.align === 'right' ? ' class="right"' : '')
  const head = columns.map(({ header }, index) => `<th scope="col"${classOf(index)}>${htmlText(header)}</th>`).join('')
  const body = rows.map((row, line) => {
    const cells = row.map((cell, index) => `<td${classOf(index)}>${htmlText(cell)}</td>`).join('')
    return `<tr>${cells}${bars ? `<td>${barHtml(bars[line] ?? 0)}</td>` : ''}</tr>`
  })
  const extra = bars ? '<td></td>' : ''
  return `<div class="wide"><table><thead><tr>${head}${extra}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table></div>`
}

const barHtml = (share: number): string =>
  `<svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect width="${(share * 100).toFixed(1)}" height="10"></rect></svg>`
