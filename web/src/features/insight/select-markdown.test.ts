import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { InsightOverview } from '../../../../src/contract/insight.ts'
import { wasteSlug } from '../overview/select-overview.ts'
import { parseMarkdown } from './select-markdown.ts'

const reference = parseMarkdown(readFileSync(new URL('../../../../docs/reference/insight.md', import.meta.url), 'utf8'))

const places = reference.flatMap((block) =>
  block.kind === 'table' ? block.rows.map(({ id }) => id) : block.kind === 'list' ? [] : [block.id],
)

describe('the reference as blocks', () => {
  it.each([
    ['# One\n\ntext', ['heading', 'paragraph']],
    ['## One\ntext', ['heading', 'paragraph']],
    ['- a\n- b\n  and more', ['list']],
    ['| a | b |\n|---|---|\n| 1 | 2 |', ['table']],
  ])('%j has the blocks %j', (text, kinds) => {
    expect(parseMarkdown(text).map(({ kind }) => kind)).toEqual(kinds)
  })

  it('marks up code and stress, and takes the text of links', () => {
    expect(parseMarkdown('see `x` in **bold** [there](a.md)')).toEqual([
      {
        kind: 'paragraph',
        id: undefined,
        parts: [
          { kind: 'text', text: 'see ' },
          { kind: 'code', text: 'x' },
          { kind: 'text', text: ' in ' },
          { kind: 'strong', text: 'bold' },
          { kind: 'text', text: ' there' },
        ],
      },
    ])
  })

  it('has a place for every figure that the overview explains', () => {
    const tiles = readFileSync(new URL('../overview/tiles.tsx', import.meta.url), 'utf8')
    const others = ['costs.tsx', 'budgets.tsx', 'changes.tsx'].map((file) =>
      readFileSync(new URL(`../overview/${file}`, import.meta.url), 'utf8'),
    )
    const asked = [tiles, ...others].flatMap((text) => [...text.matchAll(/<Method at="([^"]+)"/g)].map(([, at]) => at))
    const kinds: InsightOverview['waste']['lines'][number]['kind'][] = [
      'failed_billed',
      'refused_billed',
      'hedges',
      'breakage',
      'unknown',
    ]
    expect(asked.length).toBeGreaterThan(10)
    for (const at of [...asked, ...kinds.map(wasteSlug)]) expect(places, at).toContain(at)
  })
})
