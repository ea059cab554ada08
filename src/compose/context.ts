/** What the routes need, put together. */
import { installBook } from '../config/price-sets.ts'
import { routeProblems } from '../gateway/routes.ts'
import { createFileReader } from '../imports/thread.ts'
import { createForeignFetcher } from '../net/foreign-fetch.ts'
import { startBatches } from '../server/batches/runner.ts'
import type { ServerContext, ServerDescription } from '../server/context.ts'
import { createKeyRing } from '../server/key-ring.ts'
import { createOidc } from '../server/oidc.ts'
import { createProgressBoard } from '../server/progress.ts'
import { createSessions } from '../server/sessions.ts'
import { createSignInThrottle } from '../server/throttle.ts'
import { createUrlSigner } from '../server/url-signer.ts'
import type { Base } from './base.ts'
import { LEASE_LOST, type RunningGateway } from './gateway.ts'
import type { InForce } from './in-force.ts'
import { defaultProject } from './ledger.ts'
import { createPriceSets, createProviderAccounts } from './providers.ts'
import { readRoute } from './routes.ts'
import { findWebRoot } from './server.ts'
import { unpricedOffers } from './state.ts'
import type { Stores } from './stores.ts'

interface Parts {
  readonly base: Base
  readonly stores: Stores
  readonly inForce: InForce
  readonly running: RunningGateway
}

export function createServerContext({ base, stores, inForce, running }: Parts): ServerContext {
  const { config, ledger, clock, log, secrets, telemetry, onClose } = base
  const { gateway, services, budgets, health, feedback, quality, metrics, alerts } = running
  const { dataDir } = config.storage
  const foreign = createForeignFetcher({
    maxBytes: config.server.maxImageBytes,
    timeoutMs: config.network.connectTimeoutMs * 3,
    allowHttp: config.network.allowHttpImageUrls,
    allowHosts: config.network.allowPrivateHosts,
  })
  onClose(() => foreign.close())
  const keys = createKeyRing({ ledger, clock, defaultProject: defaultProject(config), onNewKey: () => budgets.refresh() })
  const context: ServerContext = {
    gateway,
    services,
    current: inForce.state,
    budgets,
    health,
    feedback,
    quality,
    keys,
    acting: base.acting,
    sessions: createSessions({
      ledger,
      clock,
      keys,
      newId: services.newId,
      settings: () => inForce.settings().sessions,
      onError: (err) => log.warn({ err }, 'it could not be written down that somebody is still signed in'),
    }),
    oidc: createOidc({
      settings: () => inForce.settings().oidc,
      roles: () => inForce.settings().sessions.roles,
      sealingKey: secrets.logins,
      clock,
    }),
    signer: createUrlSigner({ key: secrets.urls, ttlSeconds: config.storage.urlTtlSeconds, clock }),
    metrics,
    foreign,
    ...(telemetry && { telemetry }),
    alerts,
    thumbnails: stores.thumbnails,
    throttle: createSignInThrottle(clock),
    progress: createProgressBoard(),
    fileReader: createFileReader(),
    liveStreams: new Set(),
    get settings() {
      return inForce.settings()
    },
    readRoute,
    refreshRoutes: () => inForce.refreshRoutes(),
    installBook(book, note) {
      const date = new Date(clock.nowUs() / 1_000).toISOString()
      return installBook(dataDir, book, { today: date.slice(0, 10), date, note })
    },
    accounts: createProviderAccounts({
      dataDir,
      env: base.options.env,
      config: inForce.config,
      state: inForce.state,
    }),
    priceSets: createPriceSets(dataDir),
    webRoot: findWebRoot(),
    describe: describer({ base, stores, inForce, running }),
    batches: { wake: () => batches.wake() },
  }
  const batches = startBatches(context, base.node.id)
  onClose(() => batches.close())
  return context
}

function describer({ base, stores, inForce, running }: Parts): () => ServerDescription {
  const { clock, config, version, loaded } = base
  const startedUs = clock.nowUs()
  return () => ({
    version,
    startedUs,
    problems: [...running.problems],
    needsRestart: running.problems.has(LEASE_LOST),
    // Asked for on every page and by every probe: what takes a look at each offer is worked out by those who read it.
    get notices() {
      return routeProblems(inForce.state())
    },
    ledger: config.storage.databaseUrl ? 'postgresql' : 'sqlite',
    freeBytes: stores.disk.freeBytes(),
    configFile: loaded.file ?? null,
    baseUrls: new Map(
      Object.values(inForce.config().providers).flatMap(({ name, baseUrl }) => (baseUrl ? [[name, baseUrl] as const] : [])),
    ),
    get unpriced() {
      return unpricedOffers(inForce.state(), clock.nowUs())
    },
  })
}
