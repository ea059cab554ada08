/** The gateway and what feeds it: health, experience, budgets, the plan of the month, alerts, and the life of this node. */
import { createBlobGuard } from '../gateway/blob-guard.ts'
import { type BudgetIndex, createBudgetIndex } from '../gateway/budget-index.ts'
import { createExperienceFeed } from '../gateway/experience-feed.ts'
import { createFeedback, type Feedback } from '../gateway/feedback.ts'
import { createFinisher } from '../gateway/finishing.ts'
import { createGateway, type Gateway } from '../gateway/gateway.ts'
import { createHealthFeed, type HealthFeed } from '../gateway/health-feed.ts'
import { createHolds } from '../gateway/holds.ts'
import { createMonthPlan, type MonthPlanFeed } from '../gateway/month-plan.ts'
import { startNodeLife } from '../gateway/node-life.ts'
import { startPriceReview } from '../gateway/price-review.ts'
import { createPurchases } from '../gateway/purchases.ts'
import { type QualityFeed, startQualityFeed } from '../gateway/quality-feed.ts'
import { createQuotePins } from '../gateway/quote-pin.ts'
import type { GatewayServices } from '../gateway/state.ts'
import { createUnsettled } from '../gateway/unsettled.ts'
import { createWebhooks } from '../gateway/webhooks.ts'
import { createServerMetrics, type ServerMetrics } from '../server/metrics.ts'
import { finish } from '../steps/finish.ts'
import { newId } from '../storage/new-id.ts'
import { type RunningAlerts, startConfiguredAlerts } from './alerts.ts'
import type { Base } from './base.ts'
import type { InForce } from './in-force.ts'
import type { Stores } from './stores.ts'

/** Two weeks: longer ago an offer was another offer. */
const EXPERIENCE_US = 14 * 24 * 3_600 * 1_000_000

/** Lasts until a restart. */
export const LEASE_LOST = 'the lease of this node was lost'
const LEDGER_PROBLEM = 'the ledger cannot be written'

export interface RunningGateway {
  readonly services: GatewayServices
  readonly gateway: Gateway
  readonly health: HealthFeed
  readonly feedback: Feedback
  readonly quality: QualityFeed
  readonly budgets: BudgetIndex
  readonly monthPlan: MonthPlanFeed
  readonly alerts: RunningAlerts
  readonly metrics: ServerMetrics
  /** Why this node should get no requests; shown by `/readyz` and the dashboard for as long as they last. */
  readonly problems: Set<string>
}

export async function openGateway(base: Base, stores: Stores, inForce: InForce): Promise<RunningGateway> {
  const { ledger, clock, node, telemetry, onClose } = base
  const current = inForce.state
  const services = await servicesOf(base, stores, inForce)
  const health = createHealthFeed(clock, services.random, (offer) =>
    current().settings.offerLimits.get(offer.slice(0, offer.indexOf(':'))),
  )
  const experience = createExperienceFeed(await ledger.read.experience(clock.nowUs() - EXPERIENCE_US))
  const quality = await startQualityFeed({ ledger, clock, log: base.log, current })
  onClose(() => quality.close())
  const monthPlan = createMonthPlan({ ledger, clock, current, purchases: services.purchases, experience, quality })
  await monthPlan.refresh()
  const feedback = createFeedback(services, { experience, quality })
  const budgets = await createBudgetIndex({ ledger, clock })
  const gateway = createGateway({
    services,
    current,
    budgets,
    health,
    experience,
    quality,
    feedback,
    quotes: createQuotePins(base.secrets.quotes),
    monthPlan,
    promptHmacKey: base.secrets.promptHmac,
    onCall(call, route) {
      alerts.onCall(call)
      metrics.call(call, route)
    },
    onAnswer: (facts) => metrics.answer(facts),
  })
  const problems = new Set<string>()
  const life = startNodeLife({
    services,
    current,
    budgets,
    monthPlan,
    leaseMs: base.leaseMs,
    recovery: base.recovery,
    maxImageBytes: base.config.storage.assetMaxBytes,
    onLedger(isWritable) {
      if (isWritable) problems.delete(LEDGER_PROBLEM)
      else problems.add(LEDGER_PROBLEM)
    },
    onLeaseLost() {
      problems.add(LEASE_LOST)
      gateway.drain(0).catch(() => undefined)
    },
  })
  onClose(async () => {
    await life.close()
    await ledger.closeNode({ nodeId: node.id, epoch: node.epoch })
  })
  const review = startPriceReview(services, () => ({ ledger, state: current(), nowUs: () => clock.nowUs() }))
  onClose(() => review.close())
  const { alertsEveryMs } = base.options
  const alerts = startConfiguredAlerts({
    services,
    current,
    config: inForce.config,
    budgets,
    health,
    quality,
    storeFailure: stores.failure,
    ...(alertsEveryMs !== undefined && { everyMs: alertsEveryMs }),
  })
  onClose(() => alerts.close())
  const metrics = createServerMetrics({
    gateway,
    services,
    current,
    health,
    quality,
    budgets,
    alerts,
    freeBytes: () => stores.disk.freeBytes(),
    imagesNotKept: () => stores.notKept.images,
    ...(telemetry && { telemetry }),
  })
  return { services, gateway, health, feedback, quality, budgets, monthPlan, alerts, metrics, problems }
}

async function servicesOf(base: Base, stores: Stores, inForce: InForce): Promise<GatewayServices> {
  const { ledger, clock, log, node, telemetry } = base
  const { blobs, spool, disk, thumbnails } = stores
  return {
    ledger,
    blobs,
    spool,
    clock,
    log,
    disk,
    blobGuard: createBlobGuard(),
    holds: createHolds(),
    unsettled: createUnsettled({ ledger, log }),
    finisher: createFinisher(finish),
    webhooks: createWebhooks({ key: base.secrets.webhooks, publicUrl: () => inForce.config().server.publicUrl }),
    purchases: await createPurchases({ ledger, clock, nodeId: node.id, current: inForce.state }),
    random: Math.random,
    ...(telemetry && { telemetry }),
    newId,
    node,
    onStored: (sha256) => thumbnails.onStored(sha256),
    onNotKept(images) {
      stores.notKept.images += images
    },
    onDeleted: (sha256) => thumbnails.onDeleted(sha256),
  }
}
