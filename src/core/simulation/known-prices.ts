/** The price books as a policy knows them: what was billed a day ago. The same shape and code as the operator's real ones. */
import { type CompiledPrices, compilePriceBooks, type PriceBook, type Rate, type Sku } from '../pricing/index.ts'
import { BILLING_LAG_US, MONTH_START_US } from './time.ts'
import { type Deployment, listPrice, type World } from './world.ts'

export interface KnownPrices {
  /** Prices known at an instant; the same object until they change. */
  at(nowUs: number): CompiledPrices
}

export function createKnownPrices(world: World, lagUs: number = BILLING_LAG_US): KnownPrices {
  const changes = world.events.priceChanges.map(({ atUs }) => atUs + lagUs)
  const compiled = new Map<number, CompiledPrices>()
  return {
    at(nowUs) {
      const epoch = changes.filter((atUs) => atUs <= nowUs).length
      const known = compiled.get(epoch)
      if (known) return known
      const prices = pricesAt(world, nowUs - lagUs)
      compiled.set(epoch, prices)
      return prices
    },
  }
}

/** Books of the prices that were true at an instant, with the tiers and billing rules of the contracts. */
export function pricesAt(world: World, atUs: number): CompiledPrices {
  const providers = [...new Set(world.deployments.map(({ terms }) => terms.provider))]
  const books = providers.map((provider) => ({
    hash: `simulated-${provider}-${atUs}`,
    book: {
      provider,
      unit: 'USD',
      source: { url: 'https://example.com/simulated', kind: 'assumption', checkedAt: '2026-06-01' },
      skus: world.deployments.filter(({ terms }) => terms.provider === provider).map((each) => skuOf(world, each, atUs)),
    } satisfies PriceBook,
  }))
  return compilePriceBooks({ books, fx: [], atUs: MONTH_START_US })
}

function skuOf(world: World, deployment: Deployment, atUs: number): Sku {
  const { offer, terms } = deployment
  const edges = terms.price2k === undefined ? ([1024] as const) : ([1024, 2048] as const)
  return {
    id: offer.id,
    model: offer.model,
    ...(offer.tier !== undefined && { tier: offer.tier }),
    rates: edges.map((edge): Rate => {
      const nano = listPrice(world, deployment, edge, atUs)
      const tiers = deployment.lane === 'sync' ? terms.tiers : undefined
      return {
        id: `${offer.id}/${edge}`,
        meter: 'images.out',
        when: { size: `${edge}x${edge}` },
        price: usdText(nano),
        effectiveFrom: '2026-01-01',
        ...(tiers && {
          tiers: {
            mode: tiers.mode,
            scope: 'month',
            steps: tiers.steps.map(({ from, factor }) => ({ from: String(from), price: usdText(Math.round(nano * factor)) })),
          },
        }),
      }
    }),
    billedPolicy: {
      success: '1',
      refusedBefore: '0',
      refusedAfter: terms.refusalsBilled ? '1' : '0',
      providerError: '0',
      timeout: 'unknown',
      cancelled: 'unknown',
    },
  }
}

const usdText = (nano: number): string => (nano / 1e9).toFixed(9)
