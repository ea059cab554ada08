/** Small builders for price books and pricing inputs. */
import type { Capabilities } from '../../src/core/capability.ts'
import type { CandidateSettings, Offer } from '../../src/core/offer.ts'
import type { CompiledPrices } from '../../src/core/pricing/compiled.ts'
import { compilePriceBooks } from '../../src/core/pricing/index.ts'
import type { FxRate, PriceBook, Rate, Sku } from '../../src/core/pricing/price-book.ts'
import type { PricingInput, SettleInput } from '../../src/core/pricing/types.ts'
import type { ImageInput, ImageRequest } from '../../src/core/request.ts'
import { requestOf as plainRequest } from './request.ts'

export const atUs = Date.parse('2026-11-22T00:00:00Z') * 1000

export const capabilities: Capabilities = {
  operations: ['generate', 'edit'],
  sizes: { kind: 'list', sizes: [{ width: 1024, height: 1024 }] },
  defaultSize: { width: 1024, height: 1024 },
  qualities: [],
  maxN: 10,
  formats: ['png'],
  defaultFormat: 'png',
  backgrounds: ['opaque'],
  maxInputs: 4,
  mask: true,
  maxPromptChars: 32_000,
  parameters: [],
  cancelStopsBilling: false,
  asyncJobs: false,
}

export const offerOf = (model = 'acme/one', provider = 'acme', more: Partial<Offer> = {}): Offer => ({
  id: `${provider}:${model}`,
  provider,
  providerType: provider,
  model,
  wireModel: model,
  capabilities,
  sandbox: false,
  ...more,
})

export const requestOf = (more: Partial<ImageRequest> = {}): ImageRequest =>
  plainRequest({ model: 'acme/one', prompt: 'a red fox in the snow', ...more })

export const imageOf = (width: number, height: number, role: ImageInput['role'] = 'image'): ImageInput => ({
  role,
  sha256: '0'.repeat(64),
  bytes: 1,
  mediaType: 'image/png',
  width,
  height,
})

export interface InputOptions {
  readonly offer?: Offer
  readonly settings?: Partial<CandidateSettings>
  readonly request?: Partial<ImageRequest>
  readonly pricing?: Partial<PricingInput>
}

export const inputOf = ({ offer = offerOf(), settings = {}, request = {}, pricing = {} }: InputOptions = {}): PricingInput => ({
  candidate: { offer, settings: { size: { width: 1024, height: 1024 }, format: 'png', n: 1, ...settings } },
  request: requestOf(request),
  promptComplexity: 0.5,
  atUs,
  ...pricing,
})

export const settleOf = (options: InputOptions = {}, more: Partial<SettleInput> = {}): SettleInput => ({
  ...inputOf(options),
  outcome: 'succeeded',
  billed: 'yes',
  ...more,
})

export const source = { url: 'https://example.com/prices', kind: 'official', checkedAt: '2026-11-01' } as const

export const billAll = {
  success: '1',
  refusedBefore: '0',
  refusedAfter: '1',
  providerError: '0',
  timeout: 'unknown',
  cancelled: 'unknown',
} as const

export const rateOf = (more: Partial<Rate> = {}): Rate => ({
  id: 'acme/one/image',
  meter: 'images.out',
  price: '0.04',
  effectiveFrom: '2026-01-01',
  ...more,
})

export const skuOf = (more: Partial<Sku> = {}): Sku => ({
  id: 'acme/one',
  model: 'acme/one',
  rates: [rateOf()],
  billedPolicy: billAll,
  ...more,
})

export const bookOf = (skus: readonly Sku[] = [skuOf()], more: Partial<PriceBook> = {}): PriceBook => ({
  provider: 'acme',
  unit: 'USD',
  source,
  skus,
  ...more,
})

export const pricesOf = (book: PriceBook = bookOf(), fx: readonly FxRate[] = []): CompiledPrices =>
  compilePriceBooks({ books: [{ book, hash: 'hash-of-acme' }], fx })
