/** Alerts as configured: channels with their credentials, senders, and everything that is looked at. */
import type { Config } from '../config/index.ts'
import type { AlertChannel } from '../gateway/alert-channels.ts'
import {
  budgetEvents,
  callEvents,
  type StoreFailure,
  unknownMoneyEvents,
  watchBreakers,
  watchDisk,
  watchImages,
  watchLedger,
} from '../gateway/alert-sources.ts'
import { type Alerts, startAlerts } from '../gateway/alerts.ts'
import type { BudgetIndex } from '../gateway/budget-index.ts'
import type { FinishedCall } from '../gateway/conclude.ts'
import type { HealthFeed } from '../gateway/health-feed.ts'
import { watchQuality } from '../gateway/quality-alerts.ts'
import type { QualityFeed } from '../gateway/quality-feed.ts'
import type { GatewayServices, GatewayState } from '../gateway/state.ts'
import { sendMail } from '../net/mailer.ts'
import { createPoster } from '../net/poster.ts'

export function alertChannels({ alerts }: Pick<Config, 'alerts'>): readonly AlertChannel[] {
  const filterOf = ({ name, kinds, minSeverity }: Config['alerts']['webhooks' | 'slack' | 'email'][number]) => ({
    name,
    minSeverity,
    ...(kinds && { kinds }),
  })
  return [
    ...alerts.webhooks.map((it) => ({
      ...filterOf(it),
      type: 'webhook' as const,
      url: it.url,
      key: webhookKey(it.secret.reveal()),
    })),
    ...alerts.slack.map((it) => ({ ...filterOf(it), type: 'slack' as const, url: it.url.reveal() })),
    ...alerts.email.map((it) => ({ ...filterOf(it), type: 'email' as const, to: it.to, from: it.from })),
  ]
}

/** The form of the Standard Webhooks specification, or the bytes of any other text. */
const webhookKey = (secret: string): Uint8Array =>
  secret.startsWith('whsec_') ? Buffer.from(secret.slice(6), 'base64') : Buffer.from(secret)

export interface AlertsInput {
  readonly services: GatewayServices
  readonly current: () => GatewayState
  readonly config: () => Config
  readonly budgets: BudgetIndex
  readonly health: HealthFeed
  readonly quality: Pick<QualityFeed, 'evidence'>
  /** Of the bucket; undefined: pictures are kept. */
  readonly storeFailure: () => StoreFailure | undefined
  readonly everyMs?: number
}

export interface RunningAlerts extends Alerts {
  onCall(call: FinishedCall): void
}

/** What is slow to look at is looked at in every so many rounds: once a minute by default. */
const SLOW_EVERY = 12

export function startConfiguredAlerts({
  services,
  current,
  config,
  budgets,
  health,
  quality,
  storeFailure,
  everyMs,
}: AlertsInput): RunningAlerts {
  const { network } = config()
  const poster = createPoster({ allowHosts: network.allowPrivateHosts, timeoutMs: network.connectTimeoutMs })
  const sandbox = (): boolean => current().offers.every((offer) => offer.sandbox)
  const node = services.node.id
  const watchers = [
    watchBreakers(health, node),
    watchQuality(quality),
    watchDisk(services.disk, node),
    watchImages(storeFailure, node),
    watchLedger(() => services.ledger.stats(), node),
  ]
  let rounds = 0
  const alerts = startAlerts({
    services,
    channels: () => current().settings.alertChannels,
    maxPerHour: () => config().alerts.maxPerHour,
    senders: {
      post: poster.post,
      async mail(mail, signal) {
        const { smtp } = config().alerts
        if (!smtp) throw new Error('alerts.smtp is not configured any more.')
        await sendMail({ url: smtp.url.reveal(), tls: smtp.tls }, mail, network.connectTimeoutMs, signal)
      },
    },
    async look(nowUs) {
      const unknown = rounds % SLOW_EVERY === 0 ? await unknownMoneyEvents(services.ledger.read, sandbox(), nowUs) : []
      rounds += 1
      return [...budgetEvents(budgets, sandbox(), nowUs), ...watchers.flatMap((watch) => watch(nowUs)), ...unknown]
    },
    ...(everyMs !== undefined && { everyMs }),
  })
  return {
    ...alerts,
    onCall: (call) => alerts.raise(callEvents(call, services.clock.nowUs())),
    async close() {
      await alerts.close()
      await poster.close()
    },
  }
}
