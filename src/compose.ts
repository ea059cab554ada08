/** The composition root: the one place that knows everything. */
import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import { createDiskBlobStore } from './blobs/disk.ts'
import { createSpool } from './blobs/spool.ts'
import { startConfiguredAlerts } from './compose/alerts.ts'
import { type AdminKey, openAdminKey, openDataDir, openSecrets } from './compose/data.ts'
import { applyManagedObjects, defaultProject, openLedger } from './compose/ledger.ts'
import { providerKnowledge } from './compose/modules.ts'
import { createPriceSets, createProviderAccounts } from './compose/providers.ts'
import { startReloads } from './compose/reload.ts'
import { readRoute } from './compose/routes.ts'
import { bannerOf, findWebRoot, listeningUrl, packageVersion, serverSettings } from './compose/server.ts'
import { buildState, unpricedOffers } from './compose/state.ts'
import { openTelemetry } from './compose/telemetry.ts'
import { createThumbnails } from './compose/thumbnails.ts'
import {
  type Config,
  type ConfigFlags,
  type Environment,
  formatProblem,
  type LoadedConfig,
  loadConfig,
  secretsOf,
} from './config/index.ts'
import { installBook } from './config/price-sets.ts'
import { watchPrices } from './config/watch-prices.ts'
import { createBlobGuard } from './gateway/blob-guard.ts'
import { createBudgetIndex } from './gateway/budget-index.ts'
import { startDiscovery } from './gateway/discovery.ts'
import { startDiskGuard } from './gateway/disk-guard.ts'
import { createExperienceFeed } from './gateway/experience-feed.ts'
import { createFeedback } from './gateway/feedback.ts'
import { createFinisher } from './gateway/finishing.ts'
import { createGateway } from './gateway/gateway.ts'
import { createHealthFeed } from './gateway/health-feed.ts'
import { createHolds } from './gateway/holds.ts'
import { createMonthPlan } from './gateway/month-plan.ts'
import { startNodeLife } from './gateway/node-life.ts'
import { startPriceReview } from './gateway/price-review.ts'
import { createPurchases } from './gateway/purchases.ts'
import { createQuotePins } from './gateway/quote-pin.ts'
import { keepBooks } from './gateway/rerate.ts'
import { routeProblems, routeStateOf, startRouteFeed } from './gateway/routes.ts'
import type { GatewayServices, GatewayState } from './gateway/state.ts'
import { createWebhooks } from './gateway/webhooks.ts'
import { createLog } from './log.ts'
import { createForeignFetcher } from './net/foreign-fetch.ts'
import type { Clock } from './ports/clock.ts'
import { createActing } from './server/acting.ts'
import { createApp } from './server/app.ts'
import { closeServer } from './server/close-server.ts'
import type { ServerContext } from './server/context.ts'
import { createKeyRing } from './server/key-ring.ts'
import { createServerMetrics } from './server/metrics.ts'
import { createOidc } from './server/oidc.ts'
import { createProgressBoard } from './server/progress.ts'
import { createSessions } from './server/sessions.ts'
import { createSignInThrottle } from './server/throttle.ts'
import { createUrlSigner } from './server/url-signer.ts'
import { finish } from './steps/finish.ts'
import { systemClock } from './system-clock.ts'
import { traceLedger } from './telemetry/traced-ledger.ts'

export interface StartOptions {
  /** `process.env`. */
  readonly env: Environment
  readonly flags?: ConfigFlags
  readonly cwd: string
  /** How long this node may be silent before others take over its attempts; 15 seconds by default. */
  readonly leaseMs?: number
  /** How often budgets are looked at for alerts; 5 seconds by default. */
  readonly alertsEveryMs?: number
  /** What time it is; the system's by default. */
  readonly clock?: Clock
}

export interface Halftone {
  /** Where it listens. */
  readonly url: string
  readonly adminKey: AdminKey
  readonly config: Config
  /** Lines for a person: what it spends, what is missing. */
  readonly banner: readonly string[]
  /** Stop accepting, let running requests finish within the drain time, close everything. */
  close(): Promise<void>
}

const LEASE_MS = 15_000
/** Two weeks: longer ago an offer was another offer. */
const EXPERIENCE_US = 14 * 24 * 3_600 * 1_000_000

/** Start a gateway: read the configuration, open the ledger, recover, listen. Rejects with a `HalftoneError` or the system's. */
export async function startHalftone(options: StartOptions): Promise<Halftone> {
  const loaded = await loadConfig({ ...options, ...providerKnowledge })
  const closers: (() => Promise<void>)[] = []
  const onClose = (close: () => Promise<void>): void => {
    closers.unshift(close)
  }
  try {
    return await start({ options, loaded, onClose, closeAll: () => closeAll(closers) })
  } catch (error) {
    await closeAll(closers)
    throw error
  }
}

async function closeAll(closers: (() => Promise<void>)[]): Promise<void> {
  for (const close of closers.splice(0)) await close()
}

interface StartContext {
  readonly options: StartOptions
  readonly loaded: LoadedConfig
  onClose(close: () => Promise<void>): void
  closeAll(): Promise<void>
}

async function start(context: StartContext): Promise<Halftone> {
  const { loaded, onClose } = context
  const { config } = loaded
  const { dataDir } = config.storage
  await openDataDir(dataDir)
  const { log, hide } = createLog({ level: config.log.level })
  hide(secretsOf(config))
  const acting = createActing()
  const nodeId = `${hostname()}-${randomUUID().slice(0, 8)}`
  const version = await packageVersion()
  const telemetry = await openTelemetry(config, { version, nodeId })
  if (telemetry) onClose(() => telemetry.close())
  const opened = await openLedger(config, acting.current)
  const ledger = telemetry ? traceLedger(opened, telemetry.tracer) : opened
  onClose(() => ledger.close())
  const { clock = systemClock } = context.options
  const adminKey = await openAdminKey(config, ledger, clock.nowUs())
  hide([adminKey.value])
  const secrets = await openSecrets(config)
  await applyManagedObjects(config, ledger)

  const { leaseMs = LEASE_MS } = context.options
  const opening = await ledger.openNode({ nodeId, leaseMs })
  const blobs = createDiskBlobStore({
    dir: join(dataDir, 'blobs'),
    // Nodes on one PostgreSQL may share the folder over the network; an embedded ledger has its data folder to itself.
    smallBlobs: config.storage.databaseUrl === undefined ? 'database' : 'files',
  })
  onClose(() => blobs.close())
  const spool = createSpool({ dir: join(dataDir, 'spool'), memoryBudgetBytes: config.storage.transferBudgetBytes })
  onClose(() => spool.close())
  const disk = await startDiskGuard({
    blobs,
    clock,
    log,
    storeFloor: config.storage.minFreeBytes,
    dispatchFloor: config.storage.minFreeBytesDispatch,
  })
  onClose(() => disk.close())
  const thumbnails = createThumbnails({ mode: config.storage.thumbnails, dataDir, blobs, log })
  onClose(() => thumbnails.close())
  let inForce = config
  const prices = await watchPrices(dataDir)
  onClose(() => prices.close())
  let state = await buildState(config, clock, undefined, telemetry?.tracer)
  const routes = await startRouteFeed({
    ledger,
    clock,
    log,
    onChange(stored) {
      state = { ...state, ...routeStateOf(state, stored, readRoute) }
    },
  })
  onClose(() => routes.close())
  state = { ...state, ...routeStateOf(state, routes.current(), readRoute) }
  await keepBooks({ ledger, nowUs: () => clock.nowUs() }, state.priceSet)
  onClose(() => closeProviders(state))
  const services: GatewayServices = {
    ledger,
    blobs,
    spool,
    clock,
    log,
    disk,
    blobGuard: createBlobGuard(),
    holds: createHolds(),
    finisher: createFinisher(finish),
    webhooks: createWebhooks({ key: secrets.webhooks, publicUrl: () => inForce.server.publicUrl }),
    purchases: await createPurchases({ ledger, clock, nodeId, current: () => state }),
    random: Math.random,
    ...(telemetry && { telemetry }),
    newId: () => uuidv7(),
    node: { id: nodeId, epoch: opening.epoch },
    onStored: (sha256) => thumbnails.onStored(sha256),
    onDeleted: (sha256) => thumbnails.onDeleted(sha256),
  }

  const health = createHealthFeed(clock, services.random, (offer) =>
    state.settings.offerLimits.get(offer.slice(0, offer.indexOf(':'))),
  )
  const experience = createExperienceFeed(await ledger.read.experience(clock.nowUs() - EXPERIENCE_US))
  const monthPlan = createMonthPlan({ ledger, clock, current: () => state, purchases: services.purchases, experience })
  await monthPlan.refresh()
  const feedback = createFeedback(services, experience)
  const budgets = await createBudgetIndex({ ledger, clock })
  const gateway = createGateway({
    services,
    current: () => state,
    budgets,
    health,
    experience,
    feedback,
    quotes: createQuotePins(secrets.quotes),
    monthPlan,
    promptHmacKey: secrets.promptHmac,
    onCall(call, route) {
      alerts.onCall(call)
      metrics.call(call, route)
    },
    onAnswer: (facts) => metrics.answer(facts),
  })
  const problems = new Set<string>()
  const life = startNodeLife({
    services,
    current: () => state,
    budgets,
    monthPlan,
    leaseMs,
    recovery: opening.recovery,
    maxImageBytes: config.storage.assetMaxBytes,
    onLeaseLost() {
      problems.add('the lease of this node was lost')
      gateway.drain(0).catch(() => undefined)
    },
  })
  onClose(async () => {
    await life.close()
    await ledger.closeNode({ nodeId, epoch: opening.epoch })
  })

  const review = startPriceReview(services, () => ({ ledger, state, nowUs: () => clock.nowUs() }))
  onClose(() => review.close())

  const alerts = startConfiguredAlerts({
    services,
    current: () => state,
    config: () => inForce,
    budgets,
    health,
    ...(context.options.alertsEveryMs !== undefined && { everyMs: context.options.alertsEveryMs }),
  })
  onClose(() => alerts.close())

  const metrics = createServerMetrics({
    gateway,
    services,
    current: () => state,
    health,
    budgets,
    alerts,
    freeBytes: () => disk.freeBytes(),
    ...(telemetry && { telemetry }),
  })

  const foreign = createForeignFetcher({
    maxBytes: config.server.maxImageBytes,
    timeoutMs: config.network.connectTimeoutMs * 3,
    allowHttp: config.network.allowHttpImageUrls,
    allowHosts: config.network.allowPrivateHosts,
  })
  onClose(() => foreign.close())
  const startedUs = clock.nowUs()
  let settings = serverSettings(config)
  const keys = createKeyRing({ ledger, clock, defaultProject: defaultProject(config), onNewKey: () => budgets.refresh() })
  const server: ServerContext = {
    gateway,
    services,
    current: () => state,
    budgets,
    health,
    feedback,
    keys,
    acting,
    sessions: createSessions({
      ledger,
      clock,
      keys,
      newId: services.newId,
      settings: () => settings.sessions,
      onError: (err) => log.warn({ err }, 'it could not be written down that somebody is still signed in'),
    }),
    oidc: createOidc({
      settings: () => settings.oidc,
      roles: () => settings.sessions.roles,
      sealingKey: secrets.logins,
      clock,
    }),
    signer: createUrlSigner({ key: secrets.urls, ttlSeconds: config.storage.urlTtlSeconds, clock }),
    metrics,
    foreign,
    ...(telemetry && { telemetry }),
    alerts,
    thumbnails,
    throttle: createSignInThrottle(clock),
    progress: createProgressBoard(),
    liveStreams: new Set(),
    get settings() {
      return settings
    },
    readRoute,
    refreshRoutes: () => routes.refresh(),
    installBook(book, note) {
      const date = new Date(clock.nowUs() / 1_000).toISOString()
      return installBook(dataDir, book, { today: date.slice(0, 10), date, note })
    },
    accounts: createProviderAccounts({ dataDir, env: context.options.env, config: () => inForce, state: () => state }),
    priceSets: createPriceSets(dataDir),
    webRoot: findWebRoot(),
    describe: () => ({
      version,
      startedUs,
      problems: [...problems],
      // Asked for on every page and by every probe: what takes a look at each offer is worked out by those who read it.
      get notices() {
        return routeProblems(state)
      },
      ledger: config.storage.databaseUrl ? 'postgresql' : 'sqlite',
      freeBytes: disk.freeBytes(),
      configFile: loaded.file ?? null,
      baseUrls: new Map(
        Object.values(inForce.providers).flatMap(({ name, baseUrl }) => (baseUrl ? [[name, baseUrl] as const] : [])),
      ),
      get unpriced() {
        return unpricedOffers(state, clock.nowUs())
      },
    }),
  }
  const app = await createApp(server)
  await app.listen({ host: config.server.host, port: config.server.port })
  onClose(async () => {
    problems.add('this node is shutting down')
    const left = await gateway.drain(config.server.drainSeconds * 1_000)
    if (left > 0) log.warn({ left }, 'requests were still running at the end of the drain time; the next start recovers them')
    await closeServer(app)
  })
  const reloads = startReloads({
    load: { ...context.options, ...providerKnowledge },
    loaded: context.loaded,
    prices,
    log,
    problems,
    swap: swapState,
  })
  onClose(() => reloads.close())
  const discovery = startDiscovery({
    clock,
    log,
    current: () => state,
    async onAnswer(discovered, changed) {
      if (changed) await reloads.again('a server offers other models')
      else state = { ...state, discovered }
    },
  })
  onClose(() => discovery.close())
  /** All or nothing: the new state is complete before the old one is let go. */
  async function swapState(changed: Config, what: string): Promise<void> {
    hide(secretsOf(changed))
    const next = await buildState(changed, clock, state, telemetry?.tracer)
    const before = state
    try {
      await keepBooks({ ledger, nowUs: () => clock.nowUs() }, next.priceSet)
      await applyManagedObjects(changed, ledger)
      await budgets.refresh()
    } catch (error) {
      await closeProviders(next)
      throw error
    }
    // Nothing is waited for from here to the end of the change. Routes may have changed while the rest was built.
    state = { ...next, ...routeStateOf(next, routes.current(), readRoute) }
    inForce = changed
    settings = serverSettings(changed)
    server.keys.forget()
    server.sessions.forget()
    log.info({ prices: next.priceSet.label }, what)
    // What was admitted keeps its provider until it ends; the next change does not wait for that.
    services.holds
      .free(before.providers)
      .then(() => closeProviders(before))
      .catch((err: unknown) => log.warn({ err }, 'the connections of the configuration before could not be closed'))
    await workOutAnew()
  }
  /** What follows from volumes and prices. It is worked out again every now and then, also when this once it cannot be. */
  async function workOutAnew(): Promise<void> {
    try {
      await services.purchases.sync()
      await monthPlan.refresh()
    } catch (err) {
      log.error({ err }, 'volumes, lots or the plan of the month could not be worked out after a change of the configuration')
    }
  }

  return {
    url: listeningUrl(app, config),
    adminKey,
    config,
    banner: [...bannerOf(config, state), ...loaded.warnings.map(formatProblem)],
    close: context.closeAll,
  }
}

async function closeProviders(state: GatewayState): Promise<void> {
  await Promise.all([...state.providers.values()].map((provider) => provider.close()))
}
