/** What the routes of providers and prices need of the configuration and the data folder; the composition root gives it. */
import type { ProviderExam, ProviderNeeds } from '../core/provider-exam.ts'

export interface AccountView {
  readonly name: string
  /** Where its calls go. */
  readonly host: string | undefined
  readonly exam: Extract<ProviderExam, { readonly kind: 'configured' }>
}

interface KeyTest {
  readonly atUs: number
  readonly ok: boolean
  readonly message: string
}

/** What one probe of an offer found. */
interface VerifiedOffer {
  readonly offer: string
  readonly requestId: string | null
  readonly costUsd: string
  readonly departures: readonly string[]
}

export interface ProviderAccounts {
  /** Configured accounts, disabled ones included. */
  list(): Promise<readonly AccountView[]>
  /** Types nothing is configured of. */
  available(): readonly ProviderNeeds[]
  /** The last test of its key, since this node started. */
  tested(name: string): KeyTest | undefined
  remember(name: string, result: KeyTest): void
  /** By offer; times are ISO. */
  verifications(): Promise<
    ReadonlyMap<
      string,
      {
        readonly at: string
        readonly request_id: string | null
        readonly cost_usd: string
        readonly departures: readonly string[]
      }
    >
  >
  rememberVerified(results: readonly VerifiedOffer[], at: string): Promise<void>
}

export interface PriceSets {
  /** Installed ones, the newest first. */
  list(): Promise<readonly { readonly version: string; readonly date: string | undefined; readonly note: string | undefined }[]>
  /** Give up the set in use; `conflict` when that is another than `from`, or the shipped one. */
  rollBack(wanted: {
    readonly from: string
    readonly toShipped: boolean
  }): Promise<{ readonly left: string; readonly version: string; readonly origin: 'shipped' | 'installed' }>
}
