/** How long one decision takes: `plan()` over 200 candidates, prices included, with experience, volumes, floors and a plan of the month. */
import { type Offer, offerId } from '../../src/core/offer.ts'
import { compilePriceBooks, type PriceBook } from '../../src/core/pricing/index.ts'
import { volumeKey } from '../../src/core/pricing/volumes.ts'
import { promptFeatures } from '../../src/core/prompt/features.ts'
import {
  experienceKeys,
  noExperience,
  type Policy,
  plan,
  reduceExperience,
  resolveCandidate,
} from '../../src/core/routing/index.ts'
import { createRandom } from '../../src/core/simulation/random.ts'
import { MONTH_START_US } from '../../src/core/simulation/time.ts'
import { createTemplates } from '../../src/core/simulation/workload.ts'
import { createWorld } from '../../src/core/simulation/world.ts'
import { wholeUnits } from '../../src/core/usage.ts'

const OFFERS = 200
const PROVIDERS = 20
/** Every fourth has volume tiers. */
const TIERED = 4
const ROUNDS = 4_000
const WARM_UP = 1_500

export interface Deciding {
  readonly candidates: number
  readonly p50Ms: number
  readonly p99Ms: number
}

/**
 * Each round is another request object, so that nothing is remembered of it. Measured is the time of the thread: on a busy machine the clock
 * would say how long others ran.
 */
export function measureDeciding(): Deciding {
  const [template] = createWorld(1, 1_000).deployments
  const { offers, prices } = market(template?.offer.capabilities)
  const random = createRandom(7)
  const [thumbnails = []] = createTemplates(1)
  const requests = thumbnails.map(({ request: { size: _size, ...request } }) => ({
    ...request,
    size: { width: 1024, height: 1024 },
  }))
  const experience = new Map(
    offers.flatMap((offer) => {
      const [request] = requests
      const resolved = request && resolveCandidate(offer, request, { allowUnsupported: false })
      if (!request || !resolved || !('candidate' in resolved)) return []
      let seen = noExperience
      for (let count = 0; count < 40; count += 1) {
        seen = reduceExperience(seen, {
          kind: random() < 0.97 ? 'succeeded' : 'refused',
          billed: true,
          latencyMs: 2_000 + 9_000 * random(),
        })
      }
      return experienceKeys(resolved.candidate, request, 'other').map((key) => [key, seen] as const)
    }),
  )
  const snapshot = {
    offers,
    health: new Map(),
    experience,
    quality: new Map(offers.map(({ model }, index) => [model, 1_000 + (index % 150)])),
    qualityLevels: new Map([['usual', 900]]),
    volumes: new Map(
      offers.map(({ provider, id }) => [volumeKey(provider, id), { monthToDate: { 'images.out': wholeUnits(500) } }]),
    ),
    planned: new Map(offers.filter((_, index) => index % TIERED === 0).map(({ id }) => [id, { factor: 0.9, shadowShare: 0 }])),
  }
  const taken = new Float64Array(ROUNDS)
  let candidates = 0
  for (let round = -WARM_UP; round < ROUNDS; round += 1) {
    const asked = requests[(round + WARM_UP) % requests.length]
    if (!asked) break
    const request = { ...asked }
    const { complexity, promptClass } = promptFeatures(request.prompt, request)
    const start = process.threadCpuUsage()
    const made = plan({
      request,
      options: { allowUnsupported: false, bodyMetadata: true },
      policy,
      snapshot,
      prices,
      promptComplexity: complexity,
      promptClass,
      nowUs: MONTH_START_US,
      hardBudget: true,
    })
    const { user, system } = process.threadCpuUsage(start)
    if (round >= 0) taken[round] = (user + system) / 1_000
    candidates = made.kind === 'plan' ? made.attempts.length : 0
  }
  taken.sort()
  return { candidates, p50Ms: taken[Math.floor(ROUNDS * 0.5)] ?? 0, p99Ms: taken[Math.floor(ROUNDS * 0.99)] ?? 0 }
}

const policy: Policy = {
  route: 'bench',
  objective: 'cost',
  floor: 'usual',
  deadlineMs: 15_000,
  latenessNanoUsdPerSecond: 10_000_000n,
  maxAttempts: 4,
  retries: 1,
  fallback: true,
  fallbackOnRefusal: true,
  payTwice: 'never',
}

function market(capabilities: Offer['capabilities'] | undefined) {
  if (!capabilities) throw new Error('the simulated world has no offers')
  const offers = Array.from({ length: OFFERS }, (_, index): Offer => {
    const provider = `provider-${index % PROVIDERS}`
    const model = `maker-${index % PROVIDERS}/model-${index}`
    const id = offerId({ provider, model })
    return { id, provider, providerType: provider, model, wireModel: model, capabilities, sandbox: false }
  })
  const books = [...new Set(offers.map(({ provider }) => provider))].map((provider) => ({
    hash: provider,
    book: {
      provider,
      unit: 'USD',
      source: { url: 'https://example.com/bench', kind: 'assumption', checkedAt: '2026-06-01' },
      skus: offers.filter((offer) => offer.provider === provider).map(skuOf),
    } satisfies PriceBook,
  }))
  return { offers, prices: compilePriceBooks({ books, fx: [], atUs: MONTH_START_US }) }
}

function skuOf({ id, model }: Offer, index: number): PriceBook['skus'][number] {
  const cents = 1 + (index % 9)
  return {
    id,
    model,
    rates: [
      {
        id: `${id}/picture`,
        meter: 'images.out',
        price: `0.0${cents}`,
        effectiveFrom: '2026-01-01',
        ...(index % TIERED === 0 && {
          tiers: {
            mode: 'graduated',
            scope: 'month',
            steps: [
              { from: '0', price: `0.0${cents}` },
              { from: '1000', price: `0.00${cents}` },
            ],
          },
        }),
      },
    ],
    billedPolicy: {
      success: '1',
      refusedBefore: '0',
      refusedAfter: '1',
      providerError: '0',
      timeout: 'unknown',
      cancelled: 'unknown',
    },
  }
}
