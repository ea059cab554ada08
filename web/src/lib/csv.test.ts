import { describe, expect, it } from 'vitest'
import { toCsv } from './csv.ts'

describe('CSV', () => {
  it('quotes what needs it and doubles quotes', () => {
    expect(
      toCsv(
        ['a', 'b'],
        [
          ['x, y', 'say "hi"'],
          [null, 3],
        ],
      ),
    ).toBe('a,b\r\n"x, y","say ""hi"""\r\n,3\r\n')
  })

  it.each(['=1+1', '+SUM(A1)', '-cmd', '@x', '\t=1', '=HYPERLINK("http://evil.test")'])('%j is no formula', (text) => {
    const line = toCsv(['a'], [[text]]).split('\r\n')[1] ?? ''
    expect(line.replace(/^"/, '')).toMatch(/^'/)
  })

  it('negative amounts stay numbers', () => {
    expect(toCsv(['a'], [['-0.04']])).toBe('a\r\n-0.04\r\n')
  })
})
