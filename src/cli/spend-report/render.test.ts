import { describe, expect, it } from 'vitest'
import type { Output } from '../context.ts'
import { htmlReport } from './html.ts'
import { markdownReport } from './markdown.ts'
import type { ReportPage } from './sections.ts'
import { terminalLines } from './terminal.ts'

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const MOVES = /[\u0007\u001b\u202a-\u202e]/

const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '[click](javascript:alert(1))',
  '![x](https://evil.test/pixel.png)',
  'https://evil.test/path',
  'a|b\n# heading',
  '\u001b[31mred\u0007',
  '\u202etxt.exe',
]
const page: ReportPage = {
  title: hostile.join(' '),
  subtitle: hostile.join(' '),
  sections: [
    {
      title: hostile.join(' '),
      words: hostile,
      notes: hostile,
      table: {
        columns: [
          { header: hostile[0] ?? '', align: 'left' },
          { header: 'spent', align: 'right' },
        ],
        rows: hostile.map((text) => [text, '$1.00']),
        bars: hostile.map((_, index) => index / hostile.length),
      },
    },
  ],
}
const out: Output = {
  width: 80,
  line: () => {},
  note: () => {},
  json: () => {},
  paint: (_, text) => text,
  paintNote: (_, text) => text,
  animated: false,
  noteStream: process.stderr,
}

describe('HTML reports', () => {
  const html = htmlReport(page)
  const tags = [...html.matchAll(/<([a-z0-9]+)/gi)].map(([, name]) => name)

  it('have no element but their own, whatever texts say', () => {
    const own = 'html head meta title style body main section h1 h2 p div table thead tbody tr th td ul li svg rect'.split(' ')
    expect(tags.length).toBeGreaterThan(50)
    expect([...new Set(tags)].filter((name) => !own.includes(name ?? ''))).toEqual([])
    expect(html).not.toMatch(/<[^>]+\son\w+=/i)
  })
  it('load nothing and run nothing', () => {
    expect(html).not.toMatch(/<[^>]+\s(src|href|action|xlink:href)=/i)
    expect(html).not.toMatch(/@import|url\(/i)
    expect(html).toContain("default-src 'none'")
  })
  it('are light and dark, and say how to print', () => {
    expect(html).toContain('prefers-color-scheme: dark')
    expect(html).toMatch(/@media print[\s\S]*break-before: page/)
  })
  it('have no character that turns text around', () => expect(html).not.toMatch(MOVES))
})

describe('Markdown reports', () => {
  const text = markdownReport(page)

  it('make texts neither markup nor HTML nor links', () => {
    expect(text).not.toMatch(/<(script|img)/)
    expect(text).not.toMatch(/(^|[^\\])\[click\]/)
    expect(text).not.toMatch(/!\[x\]/)
    expect(text).not.toContain('https://')
  })
  it('keep a row of a table on its line', () => {
    const rows = text.split('\n').filter((line) => line.startsWith('| '))
    expect(rows.length).toBe(hostile.length + 1)
    for (const row of rows) expect(row.match(/(?<!\\)\|/g)?.length).toBe(3)
  })
})

describe('reports in the terminal', () => {
  const lines = terminalLines(page, out)

  it('fit eighty columns', () => {
    expect(lines.length).toBeGreaterThan(20)
    expect(lines.filter((line) => line.length > 80)).toEqual([])
  })
  it('cannot move the cursor or ring', () => expect(lines.join('\n')).not.toMatch(MOVES))
})
