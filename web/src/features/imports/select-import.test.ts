import { describe, expect, it } from 'vitest'
import { type ImportRow, importRequest, MAX_IMPORT_BYTES, MAX_IMPORT_ROWS, rowStates } from '../../../../src/contract/imports.ts'
import {
  columnsOf,
  countStates,
  countsText,
  importRoute,
  isSource,
  MOST_BYTES,
  partsOf,
  skippedText,
  sourceOf,
  stateTexts,
  sumsOf,
} from './select-import.ts'

const row = (over: Partial<ImportRow> = {}): ImportRow => ({
  evidence_id: 'a',
  at: '2026-10-05T10:00:00.000Z',
  provider: 'acme',
  model: 'acme/painter',
  images: 2,
  amount_usd: '0.000000001',
  provenance: 'invoiced',
  ...over,
})

describe('an import', () => {
  it('is sent in parts that one call takes', () => {
    expect(partsOf(Array.from({ length: 1_201 }, () => row())).map((part) => part.length)).toEqual([500, 500, 201])
    expect(partsOf([])).toEqual([])
    expect([MAX_IMPORT_ROWS, MAX_IMPORT_BYTES]).toEqual([500, MOST_BYTES])
  })

  it('adds up exactly, from the first day to the last', () => {
    const rows = [row(), row({ at: '2026-09-30T00:00:00.000Z', amount_usd: '1200.5', images: 0 })]
    expect(sumsOf(rows)).toEqual({ rows: 2, images: 2, amountUsd: '1200.500000001', from: '2026-09-30', to: '2026-10-05' })
    expect(sumsOf([])).toBeUndefined()
  })

  it('says of rows what would be done, and what was', () => {
    const counts = countStates(['written', 'unchanged', 'written', 'corrected'])
    expect(countsText(counts, 'before')).toBe('2 new, 1 would be corrected, 1 known already')
    expect(countsText(counts, 'after')).toBe('2 new, 1 corrected, 1 known already')
    expect(Object.keys(stateTexts).sort()).toEqual([...rowStates].sort())
  })

  it('names what it leaves out, the first few of them', () => {
    expect(skippedText([])).toBeUndefined()
    expect(skippedText([{ what: 'gpt-5', rows: 3 }])).toBe('Left out, as not about pictures: gpt-5 (3).')
    const many = Array.from({ length: 8 }, (_, index) => ({ what: `m${index}`, rows: 1 }))
    expect(skippedText(many)).toMatch(/m5 \(1\), and 2 others\.$/)
  })

  it.each(['openai', 'openai-eu', '2nd'])('takes the source %s, as the API does', (source) => {
    expect([isSource(source), importRequest.safeParse({ source, rows: [row()] }).success]).toEqual([true, true])
  })
  it.each(['', 'Open AI', '-x', 'a'.repeat(33)])('refuses the source "%s", as the API does', (source) => {
    expect([isSource(source), importRequest.safeParse({ source, rows: [row()] }).success]).toEqual([false, false])
  })

  it('sends only headings that were given', () => {
    expect(columnsOf({ at: ' Date ', model: '', amount_usd: '  ' })).toEqual({ at: 'Date' })
  })

  it('is told from what was made here by its route', () => {
    expect([sourceOf(importRoute('openai')), sourceOf('auto'), sourceOf('importer')]).toEqual(['openai', undefined, undefined])
  })
})
