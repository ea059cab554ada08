/** The house whose ledger is seeded: its configuration, projects, keys, budgets and prepaid credits. */
import type { BudgetRecord, NewLot, ProjectRecord } from '../../src/ports/ledger.ts'
import { type Calendar, DAY_US, isoDay } from './calendar.ts'

/** The node that wrote everything, and the tag that every request carries: nobody should take this for money that was spent. */
export const SEED_NODE = 'seed'
export const SEED_TAGS = { seeded: 'yes' } as const
/** How long pictures are kept. */
export const KEPT_DAYS = 120
/** Prepaid credits at the one provider that sells them here. */
export const CREDITS = 'fal-credits'

/** `halftone.yaml` of the data folder: real offers and prices, and credentials that open nothing. */
export const configText = ({
  startUs,
  priceChangeUs,
}: Calendar): string => `# Written by npm run seed. The ledger in this folder was made up: no provider was called and no money was spent.
# The credentials below open nothing. Start with: halftone serve --config <this file>
storage: { dataDir: ., assetTtlDays: ${KEPT_DAYS} }
declaredTags: [campaign, sku]
sandbox: { enabled: never }
providers:
  openai: { apiKey: seeded-opens-nothing }
  google: { apiKey: seeded-opens-nothing }
  black-forest-labs: { apiKey: seeded-opens-nothing }
  ideogram: { apiKey: seeded-opens-nothing }
  recraft: { apiKey: seeded-opens-nothing }
  stability: { apiKey: seeded-opens-nothing }
  fal:
    apiKey: seeded-opens-nothing
    prices:
      bytedance/seedream-4.0:
        rates:
          - { id: negotiated-1, meter: images.out, price: 0.024, effectiveFrom: ${isoDay(startUs - 400 * DAY_US)}, effectiveTo: ${isoDay(priceChangeUs)} }
          - { id: negotiated-2, meter: images.out, price: 0.029, effectiveFrom: ${isoDay(priceChangeUs)} }
routes:
  auto:
    models: [openai/gpt-image-2, google/gemini-3-pro-image, google/gemini-3.1-flash-image, black-forest-labs/flux.2-max, bytedance/seedream-4.0]
    baseline: google/gemini-3-pro-image
    fallbackOnRefusal: true
  thumbnails:
    offers: [fal:bytedance/seedream-4.0, fal:black-forest-labs/flux.2-klein-9b, openai:openai/gpt-image-1-mini, recraft:recraft/recraft-v4.1]
    objective: priority
    order: [fal:bytedance/seedream-4.0, openai:openai/gpt-image-1-mini]
    deadlineClass: economy
    baseline: openai/gpt-image-2
  marketing:
    models: [google/gemini-3-pro-image, openai/gpt-image-2, black-forest-labs/flux.2-max, ideogram/ideogram-4]
    objective: weighted
    shares: { google: 4, openai: 3, black-forest-labs: 2, ideogram: 1 }
    fallbackOnRefusal: true
    baseline: openai/gpt-image-2@high
  realtime-edit:
    models: [google/gemini-3.1-flash-lite-image, black-forest-labs/flux.1-kontext-pro, openai/gpt-image-2]
    objective: weighted
    shares: { google: 5, black-forest-labs: 3, openai: 1 }
    deadlineClass: realtime
    baseline: google/gemini-3-pro-image
`

const project = (id: string, name: string): ProjectRecord => ({
  id,
  name,
  promptMode: 'full',
  assetTtlDays: KEPT_DAYS,
  tags: SEED_TAGS,
  managedBy: 'api',
})

export const projects: readonly ProjectRecord[] = [
  project('shop', 'Shop (seeded)'),
  project('studio', 'Studio (seeded)'),
  project('app', 'Photo app (seeded)'),
  project('labs', 'Labs (seeded)'),
]

/** Ids of keys by project, the busiest first. Nobody knows a secret that opens them. */
export const keysOf: Readonly<Record<string, readonly string[]>> = {
  shop: ['catalogue-job', 'shop-backend'],
  studio: ['studio-web', 'campaign-planner'],
  app: ['app-production', 'app-staging'],
  labs: ['labs-notebook'],
}

/** Limits follow the size of the ledger, so that some are passed and one refuses now and then, whatever its size. */
export function budgetsFor(requests: number, { days }: Calendar): readonly BudgetRecord[] {
  const daily = requests / days
  // Two figures, as people set limits.
  const limit = (usd: number): bigint => BigInt(Math.max(1, Math.round(Number(usd.toPrecision(2)) * 100))) * 10_000_000n
  const shared = { managedBy: 'api' } as const
  return [
    {
      id: 'all-month',
      scope: 'global',
      scopeValue: '',
      period: 'month',
      limitNanoUsd: limit(daily * 1.6),
      hard: false,
      ...shared,
    },
    {
      id: 'shop-month',
      scope: 'project',
      scopeValue: 'shop',
      period: 'month',
      limitNanoUsd: limit(daily * 0.45),
      hard: false,
      ...shared,
    },
    {
      id: 'app-month',
      scope: 'project',
      scopeValue: 'app',
      period: 'month',
      limitNanoUsd: limit(daily * 2),
      hard: true,
      ...shared,
    },
    {
      id: 'labs-day',
      scope: 'key',
      scopeValue: 'labs-notebook',
      period: 'day',
      limitNanoUsd: limit(daily * 0.0045 + 0.5),
      hard: true,
      ...shared,
    },
  ]
}

/** Credits by thirty days: the first lots end with something left, which becomes breakage; the last is open. */
export function lotsFor(requests: number, { startUs, days, endUs }: Calendar): readonly NewLot[] {
  const amountUsd = BigInt(Math.max(1, Math.round((requests / days) * 0.35)))
  const lots: NewLot[] = []
  for (let startsUs = startUs, index = 1; startsUs < endUs; startsUs += 30 * DAY_US, index += 1) {
    const size = index === 1 ? amountUsd * 4n : amountUsd
    lots.push({
      id: `${CREDITS}-${index}`,
      kind: 'prepaidCredits',
      startsUs,
      expiresUs: startsUs + 30 * DAY_US,
      meter: null,
      capacity: size * 1_000_000_000n,
      paidNanoUsd: size * 900_000_000n,
      provider: 'fal',
      commitment: CREDITS,
      nativeAmount: String(size),
      nativeUnit: 'USD',
      source: 'seeded',
      managedBy: 'api',
    })
  }
  return lots
}
