/** Ranking by quote against the independent table of true prices, and against ranking by the price of a token alone. */
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { loadPriceFiles } from '../../src/config/price-files.ts'
import { expectedTotal } from '../../src/core/pricing/index.ts'
import type { PriceBook, Sku } from '../../src/core/pricing/price-book.ts'
import { type GoldenCase, goldenPrices, pricingInputOf } from '../golden/golden.ts'

interface TruePrice extends Pick<GoldenCase, 'offer' | 'source'> {
  readonly quality?: 'low'
  readonly steps?: number
  readonly nanoUsd: string
  readonly dollarsPerMillionOutputTokens?: string
}

const table: readonly TruePrice[] = JSON.parse(readFileSync(new URL('../golden/true-prices.json', import.meta.url), 'utf8'))
const prices = await goldenPrices()
const { books } = await loadPriceFiles()

interface Ranked {
  readonly name: string
  readonly truth: bigint
  readonly quoted: bigint | undefined
  /** What a price map by tokens knows of it. */
  readonly perToken: bigint
}

const ranked: readonly Ranked[] = table.map(({ offer, quality, steps, nanoUsd, dollarsPerMillionOutputTokens, source }) => ({
  name: quality ? `${offer}#${quality}` : offer,
  truth: BigInt(nanoUsd),
  quoted: expectedTotal(
    prices,
    pricingInputOf({
      name: offer,
      offer,
      source,
      settings: { size: '1024x1024', ...(quality && { quality }), ...(steps && { steps }) },
      request: { operation: 'generate' },
    }),
  ),
  perToken: BigInt(Math.round(Number(dollarsPerMillionOutputTokens ?? 0) * 1000)),
}))

interface Score {
  readonly pairs: number
  readonly agree: number
  readonly ties: number
}

/** Over all pairs of different true prices: how many are in the right order, and how many cannot be told apart. */
function score(rankOf: (each: Ranked) => bigint): Score {
  let [pairs, agree, ties] = [0, 0, 0]
  ranked.forEach((a, index) => {
    for (const b of ranked.slice(index + 1)) {
      if (a.truth === b.truth) continue
      pairs += 1
      const difference = rankOf(a) - rankOf(b)
      if (difference === 0n) ties += 1
      else if (difference < 0n === a.truth < b.truth) agree += 1
    }
  })
  return { pairs, agree, ties }
}

const percent = (part: number, whole: number): string => `${((part * 100) / whole).toFixed(1)} %`

/** Skus that sell a plain square picture today, by the book. */
function plainOffers(book: PriceBook): string[] {
  const today = '2026-11-22'
  const current = (sku: Sku): boolean => (sku.retiredAt === undefined || sku.retiredAt > today) && !sku.model.endsWith('*')
  return book.skus.filter(current).flatMap(({ model, tier }) => {
    const offer = `${book.provider}:${model}${tier && tier !== '*' ? `+${tier}` : ''}`
    const input = pricingInputOf({
      name: offer,
      offer,
      source: '',
      settings: { size: '1024x1024' },
      request: { operation: 'generate' },
    })
    return expectedTotal(prices, input) === undefined ? [] : [offer]
  })
}

describe('ranking plain pictures of 1024x1024', () => {
  test('covers at least 100 models at 150 offers, none of them retired', () => {
    const offers = new Set(table.map(({ offer }) => offer))
    expect(offers.size).toBeGreaterThanOrEqual(150)
    expect(new Set([...offers].map((offer) => offer.replace(/^[^:]+:|[@+].*$/g, ''))).size).toBeGreaterThanOrEqual(100)
    for (const offer of offers) {
      const [, provider, model = ''] = /^([^:]+):([^@+]+)/.exec(offer) ?? []
      const sku = books.find(({ book }) => book.provider === provider)?.book.skus.find((each) => each.model === model)
      expect(sku, `${offer} is not in a book`).toBeDefined()
      expect(sku?.retiredAt === undefined || sku.retiredAt > '2026-11-22', `${offer} is retired`).toBe(true)
    }
    const untabled = books.flatMap(({ book }) => plainOffers(book)).filter((offer) => !offers.has(offer))
    console.log(`${offers.size} offers with a true price; ${untabled.length} priced offers are not in the table yet`)
  })

  test.each(ranked)('$name is quoted at its true price', ({ truth, quoted }) => {
    expect(quoted).toBe(truth)
  })

  test('orders every pair as the true prices do, without a tie between unequal ones', () => {
    const quote = score(({ quoted }) => quoted ?? -1n)
    const token = score(({ perToken }) => perToken)
    console.log(
      [
        `${ranked.length} candidates, ${quote.pairs} pairs of unequal prices`,
        `by quote: ${percent(quote.agree, quote.pairs)} in order, ${quote.ties} ties`,
        `by the price of a token: ${percent(token.agree, token.pairs)} in order, ${percent(token.ties, token.pairs)} ties`,
      ].join('\n'),
    )
    expect(quote.pairs).toBeGreaterThan(5000)
    expect(quote).toEqual({ pairs: quote.pairs, agree: quote.pairs, ties: 0 })
    expect(token.agree).toBeLessThan(quote.agree)
  })
})
