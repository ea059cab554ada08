/** From configuration and price book to the gateway's state. */
import { createHash } from 'node:crypto'
import { loadFacts } from '../config/facts-files.ts'
import type { Config, ProviderConfig } from '../config/index.ts'
import { loadActivePrices } from '../config/price-sets.ts'
import { HalftoneError } from '../core/error.ts'
import type { RateLimit } from '../core/limits/bucket.ts'
import { OWN_PROVIDER, ownPriceBook } from '../core/own-steps.ts'
import { compilePriceBooks, type PriceBook, qualityBounds, rateSummary } from '../core/pricing/index.ts'
import type { Policy } from '../core/routing/index.ts'
import { discoverOffers, offersOf } from '../gateway/discovery.ts'
import { routeStateOf } from '../gateway/routes.ts'
import type { GatewayState } from '../gateway/state.ts'
import type { Clock } from '../ports/clock.ts'
import type { Provider } from '../ports/provider.ts'
import type { Tracer } from '../ports/tracer.ts'
import { createCodecProvider } from '../providers/engine.ts'
import { createSandboxProvider } from '../providers/sandbox/index.ts'
import { createSvgDrawer } from '../steps/svg/draw.ts'
import { alertChannels } from './alerts.ts'
import { withFacts } from './facts.ts'
import { definitionOf } from './modules.ts'
import { configuredRoutes, readRoute } from './routes.ts'

/** A start does not wait longer for servers that say what they serve. */
const DISCOVERY_MS = 4_000

/** What a client gets that names a model itself: its offers, cheapest first, retried when that costs nothing. */
const direct: Policy = {
  route: 'direct',
  objective: 'cost',
  maxAttempts: 3,
  retries: 1,
  fallbackOnRefusal: false,
  payTwice: 'never',
  fallback: true,
}

/** Connects to nothing but servers that are asked what they serve. Throws `config_invalid`. */
export async function buildState(
  config: Config,
  clock: Clock,
  before?: Partial<Pick<GatewayState, 'discovered' | 'storedRoutes'>>,
  tracer?: Tracer,
): Promise<GatewayState> {
  const providers = await createProviders(config, clock, tracer)
  const discovered = await discoverOffers(providers, before?.discovered ?? new Map(), clock, AbortSignal.timeout(DISCOVERY_MS))
  const files = await loadActivePrices(config.storage.dataDir)
  const overlays = Object.values(config.providers).flatMap(({ name, prices }) =>
    prices ? [{ provider: name, book: prices, hash: hashOf(prices) }] : [],
  )
  const own = ownBookOf(config)
  if (own) overlays.push({ provider: OWN_PROVIDER, book: own, hash: hashOf(own) })
  const prices = compilePriceBooks({ books: files.books, fx: files.fx, overlays })
  const quality = qualityBounds(files.quality)
  const factsFiles = await loadFacts()
  const offers = providers.flatMap((provider) => {
    const account = config.providers[provider.name]
    const retries = account?.retries
    const own = withFacts(offersOf(provider, discovered), provider.type, account, factsFiles)
    return retries === undefined ? own : own.map((offer) => ({ ...offer, retries }))
  })
  return {
    configId: fingerprintOf(config),
    providers: new Map(providers.map((provider) => [provider.name, provider])),
    offers,
    discovered,
    ...routeStateOf({ configuredRoutes: configuredRoutes(config), offers, quality }, before?.storedRoutes ?? [], readRoute),
    aliases: new Map(
      Object.entries(config.aliases).map(([name, target]) => [
        name,
        target.kind === 'offer' ? target.offer : `${target.model}${target.quality ? `@${target.quality}` : ''}`,
      ]),
    ),
    direct,
    prices,
    priceSet: {
      version: files.version,
      origin: files.origin,
      label: `${files.version} ${files.origin} ${prices.hash}`,
      fx: files.fx,
      books: [
        ...overlays.map(({ provider, book, hash }) => ({ name: provider, isOverlay: true, book, hash })),
        ...files.books.map(({ book, hash }) => ({ name: book.provider, isOverlay: false, book, hash })),
      ],
    },
    quality,
    qualityPriors: files.quality,
    qualityLevels: new Map(Object.entries(files.quality.levels).map(([level, { atLeast }]) => [level, atLeast])),
    settings: {
      keyLimits: limitsOf(config.keyLimits),
      ...(Object.keys(config.limits.perKey).length > 0 && { defaultKeyLimit: config.limits.perKey }),
      offerLimits: limitsOf(config.providers),
      alertChannels: alertChannels(config),
      onDisconnect: config.server.onDisconnect,
      maxConcurrentRequests: config.server.maxConcurrentRequests,
      declaredTags: config.declaredTags,
    },
  }
}

const hashOf = (book: PriceBook): string => createHash('sha256').update(JSON.stringify(book)).digest('hex')

/** What the operator says this machine's work costs; undefined: it is not charged for. */
function ownBookOf({ steps, providers }: Config): PriceBook | undefined {
  if (!steps.price) return undefined
  if (providers[OWN_PROVIDER]) {
    throw new HalftoneError(
      'config_invalid',
      `A provider is named "${OWN_PROVIDER}", which stands for this machine where steps.price is set; rename it.`,
    )
  }
  return ownPriceBook(steps.price, steps.checkedAt)
}

/** Secrets are written as `[redacted]`, so that a new key is no new configuration. */
function fingerprintOf(config: Config): string {
  const text = JSON.stringify(config, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}

async function createProviders(config: Config, clock: Clock, tracer: Tracer | undefined): Promise<Provider[]> {
  const enabled = Object.values(config.providers).filter((provider) => !provider.disabled)
  const deps = { clock, drawSvg: createSvgDrawer(), ...(tracer && { tracer }) }
  const providers = await Promise.all(
    enabled.map(async (provider) => createCodecProvider(await definitionOf(provider), withNetwork(provider, config), deps)),
  )
  const wanted = config.sandbox.enabled === 'always' || (config.sandbox.enabled === 'auto' && enabled.length === 0)
  if (!wanted) return providers
  if (providers.some((provider) => provider.name === 'sandbox')) {
    throw new HalftoneError(
      'config_invalid',
      'A provider is named "sandbox", the name of the built-in one; rename it, or set sandbox.enabled: never.',
    )
  }
  return [...providers, createSandboxProvider({ name: 'sandbox', clock, latencyScale: config.sandbox.latencyScale })]
}

/** Limits that the configuration states once for all providers. */
const withNetwork = (provider: ProviderConfig, { network, server }: Config) => ({
  ...provider,
  connectTimeoutMs: network.connectTimeoutMs,
  maxImageBytes: Math.max(server.maxImageBytes, 64 * 1024 * 1024),
  allowHosts: network.allowPrivateHosts,
})

/** Offers without any price, by provider: configured, listed, not routable. */
export function unpricedOffers(state: GatewayState, nowUs: number): ReadonlyMap<string, number> {
  const counts = new Map<string, number>()
  for (const offer of state.offers) {
    if (offer.retiredAt === undefined && rateSummary(state.prices, offer, nowUs) === undefined)
      counts.set(offer.provider, (counts.get(offer.provider) ?? 0) + 1)
  }
  return counts
}

const limitsOf = (named: Readonly<Record<string, RateLimit>>): ReadonlyMap<string, RateLimit> =>
  new Map(
    Object.entries(named).flatMap(([name, { requestsPerMinute, imagesPerMinute }]) =>
      requestsPerMinute === undefined && imagesPerMinute === undefined
        ? []
        : [
            [
              name,
              {
                ...(requestsPerMinute !== undefined && { requestsPerMinute }),
                ...(imagesPerMinute !== undefined && { imagesPerMinute }),
              },
            ],
          ],
    ),
  )
