import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { alignDecimals, bytes, clip, duration, plain, shortTime, usd, wrap } from './format.ts'

describe('values as a person reads them', () => {
  const cases: readonly [rule: string, actual: string, expected: string][] = [
    ['the sign stands before the dollar', usd('-0.01'), '-$0.01'],
    ['an amount keeps every decimal', usd('0.000000001'), '$0.000000001'],
    ['below a second, milliseconds', duration(812.4), '812 ms'],
    ['below a minute, one decimal', duration(12_340), '12.3 s'],
    ['59.96 seconds are not 60.0 s', duration(59_960), '1 m 0 s'],
    ['minutes and seconds', duration(72_000), '1 m 12 s'],
    ['bytes are whole', bytes(512), '512 B'],
    ['larger ones are binary', bytes(1_572_864), '1.5 MiB'],
    ['today shows the time', shortTime('2026-11-22T14:02:11.120Z', Date.UTC(2026, 10, 22, 23)), '14:02:11'],
    ['another day shows the date', shortTime('2026-11-21T14:02:11.120Z', Date.UTC(2026, 10, 22)), '11-21 14:02'],
    ['clipped text is one line', clip('a red\nfox in the snow', 8), 'a red f…'],
    ['escape sequences cannot reach the terminal', plain('\u001b[31mred\u0007'), ' [31mred '],
  ]
  for (const [rule, actual, expected] of cases) test(rule, () => expect(actual).toBe(expected))

  test('decimal points stand in one column once right-aligned', () => {
    expect(alignDecimals(['$0.01', '$0.211123456', '$12', 'no bound'])).toEqual([
      '$0.01       ',
      '$0.211123456',
      '$12          '.slice(0, 13),
      'no bound',
    ])
  })
})

describe('wrapping', () => {
  test('no line is wider, and nothing but blanks is lost', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.integer({ min: 3, max: 80 }), (text, width) => {
        const lines = wrap(text, width)
        expect(lines.every((line) => line.length <= width)).toBe(true)
        expect(lines.join('').replace(/\s/g, '')).toBe(text.replace(/\s/g, ''))
      }),
    )
  })

  test('an offer id breaks after its separators', () => {
    expect(wrap('openai:openai/gpt-image-2', 16)).toEqual(['openai:openai/', 'gpt-image-2'])
  })
})
