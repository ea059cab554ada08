import { describe, expect, it } from 'vitest'
import type { QuoteResponse } from '../../../../src/contract/quote.ts'
import { addTarget, againstQuote, needsConfirmation, selectTotal } from './select-compare.ts'

const quote = (expected_usd: string, max_usd: string | null): QuoteResponse =>
  ({ candidates: [{ choice: 1, expected_usd, max_usd }], eliminated: [] }) as unknown as QuoteResponse
const none = { candidates: [], eliminated: [] } as unknown as QuoteResponse

describe('several offers side by side', () => {
  it('prices add up exactly, and what has none is counted', () => {
    expect(selectTotal([quote('0.1', '0.1'), quote('0.2', '0.3')])).toEqual({ expectedUsd: '0.30', maxUsd: '0.40', unquoted: 0 })
    expect(selectTotal([quote('0.1', null), none, undefined])).toEqual({ expectedUsd: '0.10', maxUsd: null, unquoted: 2 })
  })

  it.each([
    [['0.25'], true, false],
    [['0.2', '0.050000001'], true, true],
    [['9'], false, false],
  ])('%j of real money (%s) is asked about: %s', (amounts, spends, asks) => {
    expect(needsConfirmation(selectTotal(amounts.map((amount) => quote(amount, amount))), spends)).toBe(asks)
  })

  it('a price without a bound, or none at all, is always asked about', () => {
    expect(needsConfirmation(selectTotal([quote('0.01', null)]), true)).toBe(true)
    expect(needsConfirmation(selectTotal([none]), true)).toBe(true)
  })

  it('at most six, none twice', () => {
    expect(addTarget({}, 'a')).toEqual(['auto', 'a'])
    expect(addTarget({ model: 'a' }, 'a')).toEqual(['a'])
    expect(addTarget({ model: 'a', with: 'b,c,d,e,f' }, 'g')).toHaveLength(6)
  })

  it('says how the cost stands to the quote', () => {
    expect(againstQuote('0.04', '0.04')).toBe('as quoted')
    expect(againstQuote('0.04', '0.05')).toBe('+$0.01 against the quote')
    expect(againstQuote(undefined, '0.05')).toBe('there was no quote')
  })
})
