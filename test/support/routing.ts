/** Offers and requests for the routing tests. */
import type { Capabilities } from '../../src/core/capability.ts'
import { type Offer, offerId } from '../../src/core/offer.ts'
import { compilePriceBooks } from '../../src/core/pricing/index.ts'
import type { PriceBook, Rate, Source } from '../../src/core/pricing/price-book.ts'
import type { Policy } from '../../src/core/routing/types.ts'

export const capabilities: Capabilities = {
  operations: ['generate', 'edit'],
  sizes: {
    kind: 'list',
    sizes: [
      { width: 1024, height: 1024 },
      { width: 1536, height: 1024 },
    ],
  },
  defaultSize: { width: 1024, height: 1024 },
  qualities: ['low', 'medium', 'high'],
  defaultQuality: 'medium',
  maxN: 4,
  formats: ['png', 'jpeg'],
  defaultFormat: 'png',
  backgrounds: ['transparent', 'opaque'],
  maxInputs: 2,
  mask: false,
  maxPromptChars: 100,
  parameters: ['seed'],
  cancelStopsBilling: false,
  asyncJobs: false,
}

const { defaultQuality: _default, ...withoutQuality } = capabilities

export function offerOf(provider: string, name: string, changes: Partial<Offer> & { can?: Partial<Capabilities> } = {}): Offer {
  const { can, ...rest } = changes
  const model = name.includes('/') ? name : `acme/${name}`
  return {
    id: offerId({ provider, model }),
    provider,
    providerType: 'acme',
    model,
    wireModel: model,
    sandbox: false,
    ...rest,
    capabilities: can?.qualities?.length === 0 ? { ...withoutQuality, ...can } : { ...capabilities, ...can },
  }
}

export { requestOf } from './request.ts'

export const policyOf = (changes: Partial<Policy> = {}): Policy => ({
  route: 'auto',
  objective: 'cost',
  maxAttempts: 3,
  retries: 1,
  fallbackOnRefusal: false,
  payTwice: 'never',
  fallback: true,
  ...changes,
})

const source: Source = { url: 'https://prices.example', kind: 'assumption', checkedAt: '2026-11-01' }

/** Refusals after the work and unknown ends are billed. */
export const billedPolicy = {
  success: '1',
  refusedBefore: '0',
  refusedAfter: '1',
  providerError: '0',
  timeout: 'unknown',
  cancelled: 'unknown',
} as const satisfies PriceBook['skus'][number]['billedPolicy']

/** Flat prices per image by model, with `+tier` where it has one, and quality (`''` for any). */
export function pricesOf(table: Readonly<Record<string, Readonly<Record<string, string>>>>) {
  const rate = (model: string, quality: string, price: string): Rate => ({
    id: `${model}#${quality || 'any'}`,
    meter: 'images.out',
    price,
    effectiveFrom: '2026-01-01',
    // The table's keys are qualities or empty.
    ...(quality !== '' && { when: { quality: quality as 'low' } }),
  })
  const book: PriceBook = {
    provider: 'acme',
    unit: 'USD',
    source,
    skus: Object.entries(table).map(([product, prices]) => ({
      id: product,
      ...productOf(product),
      billedPolicy,
      rates: Object.entries(prices).map(([quality, price]) => rate(product, quality, price)),
    })),
  }
  return compilePriceBooks({ books: [{ book, hash: 'test' }], fx: [] })
}

function productOf(product: string): { readonly model: string; readonly tier?: string } {
  const [model = product, tier] = product.split('+')
  return { model, ...(tier === undefined ? {} : { tier }) }
}

/** 2026-11-22T12:00Z. */
export const NOW_US = Date.UTC(2026, 10, 22, 12) * 1_000
