/** What the routes need, as one typed object. */
import type { ServerResponse } from 'node:http'

import type { Alerts } from '../gateway/alerts.ts'
import type { BudgetIndex } from '../gateway/budget-index.ts'
import type { Feedback } from '../gateway/feedback.ts'
import type { Gateway } from '../gateway/gateway.ts'
import type { HealthFeed } from '../gateway/health-feed.ts'
import type { InstallBook } from '../gateway/price-drafts.ts'
import type { QualityFeed } from '../gateway/quality-feed.ts'
import type { RouteReader } from '../gateway/routes.ts'
import type { GatewayServices, GatewayState } from '../gateway/state.ts'
import type { FileReader } from '../imports/thread.ts'
import type { ForeignFetcher } from '../net/foreign-fetch.ts'
import type { PriceSets, ProviderAccounts } from './accounts.ts'
import type { Acting } from './acting.ts'
import type { BatchRunner } from './batches/runner.ts'
import type { KeyRing } from './key-ring.ts'
import type { ServerMetrics } from './metrics.ts'
import type { Oidc, OidcSettings } from './oidc.ts'
import type { ProgressBoard } from './progress.ts'
import type { SessionSettings, Sessions } from './sessions.ts'
import type { SignInThrottle } from './throttle.ts'
import type { Thumbnails } from './thumbnails.ts'
import type { RequestTelemetry } from './trace-request.ts'
import type { UrlSigner } from './url-signer.ts'

export interface ServerContext {
  readonly gateway: Gateway
  readonly services: GatewayServices
  readonly current: () => GatewayState
  readonly budgets: BudgetIndex
  readonly health: HealthFeed
  readonly feedback: Feedback
  readonly quality: QualityFeed
  readonly keys: KeyRing
  readonly sessions: Sessions
  readonly oidc: Oidc
  readonly acting: Acting
  readonly signer: UrlSigner
  readonly metrics: ServerMetrics
  /** Absent: telemetry is off. */
  readonly telemetry?: RequestTelemetry
  readonly foreign: ForeignFetcher
  readonly alerts: Pick<Alerts, 'status' | 'test'>
  readonly thumbnails: Thumbnails
  readonly throttle: SignInThrottle
  readonly settings: ServerSettings
  readonly readRoute: RouteReader
  /** Look at the stored routes again, after a change of them. */
  refreshRoutes(): Promise<void>
  /** Install the prices in use with one book replaced. */
  readonly installBook: InstallBook
  readonly accounts: ProviderAccounts
  readonly priceSets: PriceSets
  readonly progress: ProgressBoard
  readonly fileReader: FileReader
  readonly batches: Pick<BatchRunner, 'wake'>
  /** Answers without an end of their own; a shutdown ends them, their readers reconnect. */
  readonly liveStreams: Set<ServerResponse>
  /** Facts for `status`; called on each request. */
  describe(): ServerDescription
  /** Where the built dashboard lies; undefined when it was not built. */
  readonly webRoot: string | undefined
}

export interface PassthroughTarget {
  /** Its name in the configuration. */
  readonly provider: string
  readonly baseUrl: string
  headers(): Readonly<Record<string, string>>
  /** Calls that ask for pictures, which no ledger row will know of. */
  readonly unrecordedImages: 'refuse' | 'allow'
}

export interface ServerSettings {
  readonly maxBodyBytes: number
  readonly maxImageBytes: number
  readonly maxImagePixels: number
  /** What a project that is made without a figure of its own gets; absent: records stay. */
  readonly recordsTtlDays?: number
  /** IP addresses or CIDR ranges whose `x-forwarded-*` headers count. */
  readonly trustedProxies: readonly string[]
  /** Overrides what the request says about its own host. */
  readonly publicUrl?: string
  /** Where non-image OpenAI paths go; absent: a typed error. */
  readonly passthrough?: PassthroughTarget
  readonly drainMs: number
  readonly sessions: SessionSettings
  readonly oidc?: OidcSettings
}

export interface ServerDescription {
  readonly version: string
  readonly startedUs: number
  readonly problems: readonly string[]
  /** It never serves again by itself. */
  readonly needsRestart: boolean
  /** What a person should look at although requests are served. */
  readonly notices: readonly string[]
  readonly ledger: string
  readonly freeBytes: number | undefined
  readonly configFile: string | null
  readonly baseUrls: ReadonlyMap<string, string>
  /** Offers without a price, by provider. */
  readonly unpriced: ReadonlyMap<string, number>
}
