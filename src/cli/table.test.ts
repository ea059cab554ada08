import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createOutput, type Output } from './context.ts'
import { columnWidths, renderPairs, renderTable } from './table.ts'

const output = (width: number): Output => ({ ...createOutput(process.stdout, process.stderr), width, paint: (_, text) => text })
const columns = [
  { header: 'OFFER', shrinkTo: 10 },
  { header: 'COST', align: 'right' as const },
]

describe('tables', () => {
  test('a row that fits is left alone', () => {
    expect(renderTable(columns, [{ cells: ['a:b/c', '$1'] }], output(80))).toEqual(['OFFER  COST', 'a:b/c    $1'])
  })

  test('a cell that does not fit is wrapped, not cut', () => {
    const lines = renderTable(columns, [{ cells: ['provider:publisher/model', '$0.01'] }], output(20))
    expect(lines).toEqual(['OFFER           COST', 'provider:      $0.01', 'publisher/', 'model'])
  })

  test('notes stand under their own row', () => {
    const lines = renderTable(columns, [{ cells: ['a', '$1'], notes: ['first'] }, { cells: ['b', '$2'] }], output(80))
    expect(lines.map((line) => line.trim())).toEqual(['OFFER  COST', 'a        $1', 'first', 'b        $2'])
  })

  test('every line stays within the terminal, whatever the shrinkable columns hold', () => {
    const id = fc.string({ minLength: 1, maxLength: 60, unit: fc.constantFrom(...'ab:/@+-') })
    fc.assert(
      fc.property(fc.array(fc.tuple(id, id), { maxLength: 5 }), fc.integer({ min: 40, max: 100 }), (pairs, width) => {
        const rows = pairs.map(([left, note]) => ({ cells: [left, '$0.123456789'], notes: [note] }))
        for (const line of renderTable(columns, rows, output(width))) expect(line.length).toBeLessThanOrEqual(width)
      }),
      { numRuns: 50 },
    )
  })

  test('only shrinkable columns give way, down to their least', () => {
    const rows = [{ cells: ['x'.repeat(50), '$1'] }]
    expect(columnWidths(columns, rows, 30)).toEqual([24, 4])
    expect(columnWidths(columns, rows, 5)).toEqual([10, 4])
  })

  test('pairs wrap under their text', () => {
    expect(renderPairs([['Saved', 'one two three']], output(14))).toEqual(['Saved  one two', '       three'])
  })
})
