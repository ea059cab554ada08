import { describe, expect, test } from 'vitest'
import { acme, good, other, withRate, withSku } from '../../../test/support/price-lint/books.ts'
import { plantedInAmounts } from '../../../test/support/price-lint/planted-in-amounts.ts'
import { plantedInBooks } from '../../../test/support/price-lint/planted-in-books.ts'
import { capabilities, offerOf, source } from '../../../test/support/pricing.ts'
import { type LintReport, lintPrices, lintRules } from './lint.ts'

const planted = [...plantedInBooks, ...plantedInAmounts]
const summary = ({ findings }: LintReport) => findings.map(({ rule, place }) => `${rule} ${place}`)

describe('price lint', () => {
  test('a good book has no finding, and everything was looked at', () => {
    expect(lintPrices(good({ atLeast: { rates: 6, providers: 2, groups: 1 } }))).toEqual({
      findings: [],
      rates: 6,
      providers: 2,
      byConfidence: { official: 6, secondary: 0, derived: 0, assumption: 0 },
      groupsCompared: 1,
      offersChecked: 2,
      candidatesChecked: 9,
      candidatesUnpriced: 0,
    })
  })

  test.each(planted)('$rule: $what is exactly that finding', ({ rule, input, place, message }) => {
    const report = lintPrices(input)
    expect(summary(report)).toEqual([`${rule} ${place}`])
    expect(report.findings[0]?.message).toMatch(message)
    expect(report.findings[0]?.severity).toBe(rule === 'stale' || rule === 'conversion' ? 'warning' : 'error')
  })

  test('every rule has a planted error', () => {
    expect([...new Set(planted.map(({ rule }) => rule))].sort()).toEqual(Object.keys(lintRules).sort())
  })

  test('what a book declares unpriced is counted, not reported', () => {
    const three = offerOf('acme/three', 'acme')
    const report = lintPrices(
      good({ offers: [three] }, { ...acme(), unpriced: [{ model: 'acme/three', reason: 'not published' }] }),
    )
    expect(report).toMatchObject({ findings: [], candidatesChecked: 3, candidatesUnpriced: 3 })
  })

  test('what is consumed under a condition and never priced is declared unpriced for that condition', () => {
    const svg = offerOf('acme/two', 'acme', { capabilities: { ...capabilities, formats: ['png', 'svg'] } })
    const book = withSku(acme(), 1, (sku) => ({
      ...sku,
      estimates: [
        ...(sku.estimates ?? []),
        {
          meter: 'tokens.svg.out',
          when: { format: 'svg' },
          scope: 'image',
          form: 'constant',
          expected: '1000',
          source: 'measured',
        },
      ],
    }))
    expect(lintPrices(good({ offers: [svg] }, book))).toMatchObject({ findings: [], candidatesChecked: 6, candidatesUnpriced: 3 })
  })

  test('prices that are no longer asked for do not go stale', () => {
    const old = { ...source, checkedAt: '2025-01-01' }
    const book = withSku(acme(), 1, (sku) => ({ ...sku, retiredAt: '2026-01-01', source: old }))
    expect(lintPrices(good({ offers: [] }, book)).findings).toEqual([])
  })

  test('a difference that was looked into is no slip, until it grows', () => {
    const dear = withRate(other(), 'other/one', { price: '7' })
    const knownSpreads = { 'one-weights': { upTo: 8, reason: 'another region' } }
    expect(summary(lintPrices(good({}, acme(), dear)))).toEqual(['outlier acme.json acme/one'])
    expect(lintPrices(good({ knownSpreads }, acme(), dear)).findings).toEqual([])
    const dearer = withRate(other(), 'other/one', { price: '8.75' })
    expect(summary(lintPrices(good({ knownSpreads }, acme(), dearer)))).toEqual(['outlier acme.json acme/one'])
  })

  test('rates of books that are not counted are checked all the same', () => {
    const book = withRate(acme(), 'two/out', { price: '0.03' })
    expect(lintPrices(good({ uncounted: ['acme'] }, book))).toMatchObject({
      rates: 1,
      providers: 1,
      findings: [{ rule: 'unit' }],
    })
  })
})
