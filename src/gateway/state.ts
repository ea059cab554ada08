/** What the gateway works with: services that live as long as the process, and a snapshot that a reload replaces whole. */
import type { RateLimit } from '../core/limits/bucket.ts'
import type { Offer } from '../core/offer.ts'
import type { CompiledPrices } from '../core/pricing/compiled.ts'
import type { FxRate, PriceBook } from '../core/pricing/price-book.ts'
import type { QualityPriors } from '../core/pricing/quality.ts'
import type { Policy } from '../core/routing/index.ts'
import type { BlobStore, Spool } from '../ports/blob-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ledger } from '../ports/ledger.ts'
import type { Provider } from '../ports/provider.ts'
import type { AlertChannel } from './alert-channels.ts'
import type { BlobGuard } from './blob-guard.ts'
import type { Discovered } from './discovery.ts'
import type { Finisher } from './finishing.ts'
import type { Holds } from './holds.ts'
import type { Purchases } from './purchases.ts'
import type { RouteState } from './routes.ts'
import type { GatewayTelemetry } from './telemetry.ts'
import type { Unsettled } from './unsettled.ts'
import type { Webhooks } from './webhooks.ts'

/** Everything that comes from the configuration and the price book; replaced atomically, never changed in place. */
export interface GatewayState extends RouteState {
  /** Fingerprint of the configuration, secrets left out: decisions name it. */
  readonly configId: string
  readonly providers: ReadonlyMap<string, Provider>
  readonly offers: readonly Offer[]
  /** What servers said of themselves; their offers are among `offers`. */
  readonly discovered: Discovered
  readonly aliases: ReadonlyMap<string, string>
  /** The policy of a model named by the client. */
  readonly direct: Policy
  readonly prices: CompiledPrices
  /** What `prices` was compiled from. */
  readonly priceSet: PriceSet
  readonly quality: ReadonlyMap<string, number>
  readonly qualityLevels: ReadonlyMap<string, number>
  /** What `quality` was worked out from. */
  readonly qualityPriors: QualityPriors
  readonly settings: GatewaySettings
}

export interface PriceSet {
  /** Of the set of price files in use: the newest of the shipped and the installed one. */
  readonly version: string
  readonly origin: 'shipped' | 'installed'
  /** Version, origin and fingerprint, as quotes and the status name it. */
  readonly label: string
  readonly fx: readonly FxRate[]
  readonly books: readonly PriceSetBook[]
}

export interface PriceSetBook {
  /** The book's provider, or the configured name for the operator's own prices. */
  readonly name: string
  readonly isOverlay: boolean
  readonly book: PriceBook
  /** SHA-256; charges name it. */
  readonly hash: string
}

export interface GatewaySettings {
  /** What happens to an attempt in flight when its client leaves. */
  readonly onDisconnect: 'finish' | 'cancel'
  readonly maxConcurrentRequests: number
  /** By key id; `defaultKeyLimit` for the others. */
  readonly keyLimits: ReadonlyMap<string, RateLimit>
  readonly defaultKeyLimit?: RateLimit
  /** Of each offer of a provider, by the provider's name. */
  readonly offerLimits: ReadonlyMap<string, RateLimit>
  readonly alertChannels: readonly AlertChannel[]
  /** Tag names that rollups keep; others stay on the request. */
  readonly declaredTags: readonly string[]
}

export interface GatewayServices {
  readonly ledger: Ledger
  readonly blobs: BlobStore
  readonly spool: Spool
  readonly clock: Clock
  /** 0 to 1. */
  random(): number
  /** A new UUIDv7. */
  newId(): string
  readonly node: { readonly id: string; readonly epoch: number }
  readonly log: GatewayLog
  readonly disk: DiskGuard
  readonly blobGuard: BlobGuard
  /** Who works with the providers of which state. */
  readonly holds: Holds
  readonly webhooks: Webhooks
  readonly unsettled: Unsettled
  readonly finisher: Finisher
  /** Absent: telemetry is off. */
  readonly telemetry?: GatewayTelemetry
  /** Volumes and lots that prices depend on. */
  readonly purchases: Purchases
  /** Told of every stored output, to make its thumbnail when there is time; absent = thumbnails are made at first view. */
  onStored?(sha256: string): void
  /** So many images were sent and not kept, for want of room or because their store failed. */
  onNotKept?(images: number): void
  /** Told of every blob that was deleted. */
  onDeleted?(sha256: string): Promise<void>
}

/** Free disk, looked at in the background: images give way long before the ledger feels it. */
export interface DiskGuard {
  mayStore(): boolean
  mayDispatch(): boolean
}

export interface GatewayLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
