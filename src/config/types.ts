/** The resolved configuration: what the rest of Halftone sees. Frozen; objects keyed by name have no prototype. */
import type { Capabilities } from '../core/capability.ts'
import type { JsonObject } from '../core/json.ts'
import type { RateLimit } from '../core/limits/bucket.ts'
import type { OfferId } from '../core/offer.ts'
import type { OfferFacts } from '../core/offer-facts.ts'
import type { PriceBook } from '../core/pricing/price-book.ts'
import type { Quality } from '../core/request.ts'
import type { Policy } from '../core/routing/types.ts'
import type { BudgetRecord, ManagedBy, NewKey, ProjectRecord } from '../ports/ledger.ts'
import type { AlertsConfig } from './resolve-alerts.ts'
import type { FileSettings } from './schema.ts'
import type { Secret } from './secret.ts'

type Named<T> = Readonly<Record<string, T>>

export interface Config {
  readonly server: Readonly<Omit<FileSettings['server'], 'trustedProxies'>> & { readonly trustedProxies: readonly string[] }
  /** `dataDir` is absolute. */
  readonly storage: Readonly<FileSettings['storage']>
  readonly network: Readonly<Omit<FileSettings['network'], 'allowPrivateHosts'>> & {
    readonly allowPrivateHosts: readonly string[]
  }
  /** Enabled or not; from the file or from a usual environment variable. */
  readonly providers: Named<ProviderConfig>
  /** Always holds `auto`. */
  readonly routes: Named<Policy>
  /** Those of the file as people wrote them, defaults filled in; `auto` only where the file has it. */
  readonly routeDocuments: Named<JsonObject>
  readonly aliases: Named<AliasTarget>
  readonly projects: Named<ProjectRecord>
  readonly keys: Named<ConfiguredKey>
  /** Listed ones, `maxUsdPerDay` as `max-usd-per-day`, and the cap of each key as `key-<id>-per-day`. */
  readonly budgets: readonly BudgetRecord[]
  /** Of the keys of this file that have one, by id. */
  readonly keyLimits: Named<RateLimit>
  readonly limits: Readonly<FileSettings['limits']>
  /** Every channel has a name. */
  readonly alerts: AlertsConfig
  readonly passthrough?: FileSettings['passthrough'] & object
  readonly sandbox: Readonly<FileSettings['sandbox']>
  /** With the day the file was changed, as the source of the price. */
  readonly steps: Readonly<FileSettings['steps']> & { readonly checkedAt: string }
  readonly log: Readonly<FileSettings['log']>
  /** The endpoint has no trailing slash. */
  readonly telemetry: Readonly<FileSettings['telemetry']>
  readonly declaredTags: readonly string[]
  /** From `HALFTONE_ADMIN_KEY` only; absent: one is made at first start. */
  readonly adminKey?: Secret
}

export interface ProviderConfig {
  readonly name: string
  /** Codec id. */
  readonly type: string
  readonly managedBy: ManagedBy
  /** Without trailing slash; absent: the type's own. */
  readonly baseUrl?: string
  /** Absolute path of the module that defines the type; absent: a built-in one. */
  readonly module?: string
  readonly apiKey?: Secret
  /** Further keys of the same account. */
  readonly moreApiKeys?: readonly Secret[]
  /** As the type's own schema has them, defaults filled in. */
  readonly options?: JsonObject
  readonly headers: Named<Secret>
  /** Absent: all that the type knows. */
  readonly models?: readonly ModelConfig[]
  /** The operator's prices, in USD; they replace the book's rules for the models they match. */
  readonly prices?: PriceBook
  readonly timeoutMs: number
  readonly batchTimeoutMs: number
  /** Absent: the route's. */
  readonly retries?: number
  /** Calls at once; absent: as the type has it. */
  readonly concurrency?: number
  readonly requestsPerMinute?: number
  readonly imagesPerMinute?: number
  readonly region?: string
  /** The operator's own word; it goes before what is known of the type. */
  readonly facts?: OfferFacts
  readonly disabled: boolean
}

export interface ModelConfig {
  /** The wire name. For a model given as text: that text, which a type that knows the model may replace by its own. */
  readonly id: string
  /** `publisher/name`; for a bare wire name the publisher is the provider's name. */
  readonly model: string
  readonly region?: string
  readonly tier?: string
  /** Only what the operator declared. */
  readonly capabilities: Partial<Capabilities>
}

export type AliasTarget =
  | { readonly kind: 'model'; readonly model: string; readonly quality?: Quality }
  | { readonly kind: 'offer'; readonly offer: OfferId }

export type ConfiguredKey = Omit<NewKey, 'createdUs'>
