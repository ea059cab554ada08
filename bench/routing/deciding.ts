/**
 * How long one decision takes: `plan()` over 200 candidates, prices included, with experience, volumes, floors and a plan of the month. Half of the offers
 * charge per picture, a quarter by volume tiers, a quarter by the prompt's length.
 */
import { type Offer, offerId } from '../../src/core/offer.ts'
import { type CompiledPrices, compilePriceBooks, type PriceBook } from '../../src/core/pricing/index.ts'
import { type VolumeIndex, volumeKey } from '../../src/core/pricing/volumes.ts'
import { promptFeatures } from '../../src/core/prompt/features.ts'
import type { ImageRequest } from '../../src/core/request.ts'
import {
  createExperienceBook,
  createPlanMemo,
  experienceKeys,
  noExperience,
  type PlanInput,
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
import { billedPolicy } from '../../test/support/routing.ts'
import { wordsEstimate, wordsRate } from '../../test/support/words-price.ts'
import { involuntarySwitches } from './switches.ts'

const OFFERS = 200
const PROVIDERS = 20
/** Of four offers the first has volume tiers, the third charges by the prompt. */
const KINDS = 4
const ROUNDS = 4_000
const WARM_UP = 1_500
export interface Deciding {
  readonly candidates: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Rounds that were left out. */
  readonly interrupted: number
}

export interface DecidingFigures {
  /** As a gateway decides: between two decisions a call ends, so that its offer is known better and has sold more. */
  readonly steady: Deciding
  /** A kind of request that was never seen: another size, or offers that were just loaded. */
  readonly first: Deciding
}

/**
 * Each round is another prompt, measured by the clock. Rounds in which the system gave the core to somebody else are left out and made again;
 * what this process itself does meanwhile, such as collecting, counts.
 */
export function measureDeciding(): DecidingFigures {
  const [template] = createWorld(1, 1_000).deployments
  const { offers, prices } = market(template?.offer.capabilities)
  const [thumbnails = []] = createTemplates(1)
  const requests = thumbnails.map(({ request }) => ({ ...request, size: { width: 1024, height: 1024 } }))
  return {
    steady: measure({ offers, prices, requests, isRemembered: true }),
    first: measure({ offers, prices, requests, isRemembered: false }),
  }
}

interface Case {
  readonly offers: readonly Offer[]
  readonly prices: CompiledPrices
  readonly requests: readonly ImageRequest[]
  readonly isRemembered: boolean
}

function measure({ offers, prices, requests, isRemembered }: Case): Deciding {
  const random = createRandom(7)
  const world = changing(offers, requests, random)
  const memo = createPlanMemo()
  const taken: number[] = []
  let candidates = 0
  let interrupted = 0
  for (let round = 0; taken.length < ROUNDS; round += 1) {
    const asked = requests[round % requests.length]
    if (!asked) break
    const request = { ...asked }
    const { complexity, promptClass } = promptFeatures(request.prompt, request)
    world.ended()
    const input: PlanInput = {
      request,
      options: { allowUnsupported: false, bodyMetadata: true },
      policy,
      snapshot: world.snapshot(),
      prices,
      promptComplexity: complexity,
      promptClass,
      nowUs: MONTH_START_US,
      hardBudget: true,
      ...(isRemembered && { memo }),
    }
    const before = involuntarySwitches()
    const start = performance.now()
    const made = plan(input)
    const ms = performance.now() - start
    candidates = made.kind === 'plan' ? made.attempts.length : 0
    if (round < WARM_UP) continue
    if (involuntarySwitches() === before) taken.push(ms)
    else interrupted += 1
  }
  taken.sort((a, b) => a - b)
  return { candidates, interrupted, p50Ms: taken[Math.floor(ROUNDS * 0.5)] ?? 0, p99Ms: taken[Math.floor(ROUNDS * 0.99)] ?? 0 }
}

/** What is known of the offers, and what was bought of them: another object after every call, as in the gateway. */
function changing(offers: readonly Offer[], requests: readonly ImageRequest[], random: () => number) {
  const experience = createExperienceBook()
  const bought = offers.map(() => 500)
  const [request] = requests
  const keys = offers.map((offer) => {
    const resolved = request && resolveCandidate(offer, request, { allowUnsupported: false })
    if (!request || !resolved || !('candidate' in resolved)) throw new Error(`${offer.id} cannot serve`)
    return requests.map((each) => experienceKeys(resolved.candidate, each, promptFeatures(each.prompt, each).promptClass))
  })
  const learn = (index: number): void => {
    const kind = random() < 0.97 ? 'succeeded' : 'refused'
    const seen = { kind, billed: true, latencyMs: 2_000 + 9_000 * random() } as const
    const own = keys[index] ?? []
    for (const key of own[Math.floor(random() * own.length)] ?? [])
      experience.set(key, reduceExperience(experience.get(key) ?? noExperience, seen))
  }
  for (const index of offers.keys()) for (let count = 0; count < 40; count += 1) learn(index)
  const base = {
    offers,
    health: new Map(),
    quality: new Map(offers.map(({ model }, index) => [model, 1_000 + (index % 150)])),
    qualityLevels: new Map([['usual', 900]]),
    planned: new Map(offers.filter((_, index) => index % KINDS === 0).map(({ id }) => [id, { factor: 0.9, shadowShare: 0 }])),
  }
  const counted = [...offers.keys()].filter((index) => index % KINDS === 0)
  const keyOf = ({ provider, id }: Offer): string => volumeKey(provider, id)
  const volumes = (): VolumeIndex =>
    new Map(
      counted.map((index) => [
        keyOf(offers[index] as Offer),
        { monthToDate: { 'images.out': wholeUnits(bought[index] ?? 0) }, contractToDate: {} },
      ]),
    )
  return {
    ended() {
      const index = Math.floor(random() * OFFERS)
      learn(index)
      bought[index] = (bought[index] ?? 0) + 1
    },
    snapshot: () => ({ ...base, experience, volumes: volumes() }),
  }
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
  const skus = offers.map(skuOf)
  const books = [...new Set(offers.map(({ provider }) => provider))].map((provider) => ({
    hash: provider,
    book: {
      provider,
      unit: 'USD',
      source: { url: 'https://example.com/bench', kind: 'assumption', checkedAt: '2026-06-01' },
      skus: skus.filter((_, index) => offers[index]?.provider === provider),
    } satisfies PriceBook,
  }))
  return { offers, prices: compilePriceBooks({ books, fx: [], atUs: MONTH_START_US }) }
}

function skuOf({ id, model }: Offer, index: number): PriceBook['skus'][number] {
  const cents = 1 + (index % 9)
  const picture = { id: `${id}/picture`, meter: 'images.out', price: `0.0${cents}`, effectiveFrom: '2026-01-01' } as const
  if (index % KINDS === 2) {
    const words = { ...wordsRate, id: `${id}/words` }
    return { id, model, rates: [picture, words], estimates: [wordsEstimate], billedPolicy }
  }
  if (index % KINDS !== 0) return { id, model, rates: [picture], billedPolicy }
  const steps = [
    { from: '0', price: `0.0${cents}` },
    { from: '1000', price: `0.00${cents}` },
  ]
  return { id, model, rates: [{ ...picture, tiers: { mode: 'graduated', scope: 'month', steps } }], billedPolicy }
}
