/** The examples of the price reference: cut from the shipped books, and each price worked out from its block alone. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  type Finished,
  formatUsd,
  loadPriceBook,
  type Order,
  type Prices,
  quote,
  settle,
} from '../../src/core/pricing/library.ts'
import type { PriceBook, Sku } from '../../src/core/pricing/price-book.ts'
import { billAll, bookOf } from '../support/pricing.ts'
import { parsePage, root } from './pages.ts'

const page = 'docs/reference/prices.md'

interface Example {
  readonly page: string
  readonly line: number
  /** `prices/<provider>.json`, or `overlay`. */
  readonly origin: string
  readonly sku: Sku
  readonly claims: readonly { readonly order: object; readonly answer: string }[]
}

function examplesOf(text: string): readonly Example[] {
  return parsePage(page, text).fences.flatMap((fence) => {
    const [kind, origin] = fence.info.split(' ')
    if (kind !== 'json' || origin === undefined) return []
    const after = text.slice(text.indexOf(fence.text) + fence.text.length + '```\n'.length)
    // The list directly behind the block.
    const list = /^\s*((?:- .*\n)*)/.exec(after)?.[1] ?? ''
    const claims = [...list.matchAll(/^- `(.+)` (?:is|costs) (\S+)$/gm)].map(([, order = '', answer = '']) => ({
      order: JSON.parse(order) as object,
      answer,
    }))
    return [{ page, line: fence.line, origin, sku: JSON.parse(fence.text) as Sku, claims }]
  })
}

/** A book of the block and nothing else. */
function pricesOf({ origin, sku }: Example): Prices {
  const shipped = origin === 'overlay' ? bookOf() : bookNamed(origin)
  const { unpriced: _, ...book } = shipped
  return loadPriceBook({ ...book, skus: [{ ...sku, billedPolicy: sku.billedPolicy ?? billAll }] })
}

const bookNamed = (file: string): PriceBook => JSON.parse(readFileSync(join(root, file), 'utf8')) as PriceBook

function answerOf(example: Example, order: object): string {
  const prices = pricesOf(example)
  const { provider } = example.origin === 'overlay' ? bookOf() : bookNamed(example.origin)
  const { model, tier } = example.sku
  const full = { at: '2026-11-22', offer: `${provider}:${model}${tier ? `+${tier}` : ''}`, ...order } as Order & Finished
  const finished = ['usage', 'outcome', 'reportedCost'].some((key) => key in order)
  const answer = finished ? settle(prices, full, finishedOf(full)) : quote(prices, full)
  if (answer.kind === 'priced') return `$${formatUsd(answer.expectedNanoUsd, 0)}`
  return answer.kind === 'charged' ? `$${formatUsd(answer.totalNanoUsd, 0)}` : answer.kind
}

const finishedOf = ({ usage, outcome, stage, reportedCost }: Finished): Finished => ({
  ...(usage && { usage }),
  ...(outcome && { outcome }),
  ...(stage && { stage }),
  ...(reportedCost && { reportedCost }),
})

const examples = examplesOf(readFileSync(join(root, page), 'utf8'))
const claims = examples.flatMap((example) => example.claims.map((claim) => ({ ...claim, line: example.line, example })))

describe(`examples of ${page}`, () => {
  test('are found, most of them from shipped books, each with a claim', () => {
    expect(examples.length).toBeGreaterThan(22)
    expect(examples.filter(({ origin }) => origin !== 'overlay').length).toBeGreaterThan(14)
    expect(examples.filter((example) => example.claims.length === 0)).toEqual([])
    expect(claims.length).toBeGreaterThan(40)
  })

  test.each(examples.filter(({ origin }) => origin !== 'overlay'))('line $line is cut from $origin', ({ origin, sku }) => {
    const whole = bookNamed(origin).skus.find(({ id }) => id === sku.id)
    const parts = (from: Sku | undefined) => [...(from?.rates ?? []), ...(from?.estimates ?? []), ...(from?.adjustments ?? [])]
    for (const part of parts(sku)) expect(parts(whole)).toContainEqual(part)
    const { rates: _, estimates: __, ...rest } = sku
    expect(whole).toMatchObject(rest)
  })

  test.each(claims)('line $line: $order is or costs $answer', ({ example, order, answer }) => {
    expect(answerOf(example, order)).toBe(answer)
  })

  test('a wrong price and an excerpt that is none would be seen', () => {
    const [, example] = examplesOf(readFileSync(join(root, page), 'utf8').replaceAll('"price": "0.04"', '"price": "0.05"'))
    const [claim] = example?.claims ?? []
    expect(example && claim && answerOf(example, claim.order)).toBe('$0.05')
    expect(bookNamed('prices/openai.json').skus.flatMap(({ rates }) => rates)).not.toContainEqual(example?.sku.rates[0])
  })
})
