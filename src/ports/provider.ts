/** A configured provider account, however it speaks. HTTP providers are codecs run by the engine. */
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Candidate, Offer, Warning } from '../core/offer.ts'
import type { AttemptFailure, ReportedCost } from '../core/outcome.ts'
import type { ImageInput, ImageRequest, Size } from '../core/request.ts'
import type { Usage } from '../core/usage.ts'
import type { Spool, SpooledBody } from './blob-store.ts'

export interface Provider {
  /** The configured name. */
  readonly name: string
  readonly type: string
  readonly offers: readonly Offer[]
  /**
   * Make one attempt. Never throws for what a provider may do: that is a `failed` result. The caller made the attempt
   * durable in the ledger before this is called.
   */
  run(call: ProviderCall, io: AttemptIo): Promise<AttemptResult>
  /** Check credentials and reachability without spending; absent where no such call exists. */
  probe?(signal: AbortSignal): Promise<ProbeResult>
  /** Ask which offers there are now, without spending; absent: `offers` is all there is. Never rejects. */
  discover?(signal: AbortSignal): Promise<DiscoveredOffers>
  /** Jobs ahead of a new call, as far as is known; never waits. Absent: the provider does not queue. */
  ahead?(): number
  /** How the account stands on this node; absent: it has neither keys nor places. */
  state?(): ProviderState
  close(): Promise<void>
}

export interface ProviderState {
  readonly keys: {
    /** 0: it needs none. */
    readonly total: number
    readonly resting: number
    /** Until the first of them is used again; undefined: none rests. */
    readonly restMs?: number
  }
  /** Undefined: any number of calls may run at once. */
  readonly places: { readonly total: number; readonly running: number; readonly waiting: number } | undefined
}

export type DiscoveredOffers =
  | { readonly ok: true; readonly offers: readonly Offer[] }
  /** One line for a human. */
  | { readonly ok: false; readonly message: string }

export interface ProviderCall {
  readonly attemptId: string
  readonly request: ImageRequest
  readonly candidate: Candidate
  /** Index of the first image of this call within the request, when n is split; 0 when absent. */
  readonly firstImage?: number
  /** Where the provider may say that a job has ended; absent: this gateway cannot be reached from outside. */
  readonly webhookUrl?: string
  /** Resume a job submitted before a crash instead of submitting again. */
  readonly resume?: JsonValue
}

export interface AttemptIo {
  /** Aborts the call: client gone (where that stops billing), deadline, shutdown. */
  readonly signal: AbortSignal
  readonly spool: Spool
  openInput(input: ImageInput): AsyncIterable<Uint8Array>
  /** The provider accepted an asynchronous job; awaited before polling, so that a crash can resume it. */
  onSubmitted(job: { readonly jobId: string; readonly resume: JsonValue }): Promise<void>
  /** Resolves when a webhook says that the job has ended, so that it is asked about at once; absent: it is polled. */
  woken?(signal: AbortSignal): Promise<void>
  /** How much of the call is done, from 0 to 1 and never less than before, as far as the provider tells; absent: nobody asks. */
  onProgress?(share: number): void
  /** A partial image of a stream. The receiver disposes the body. */
  onPartial?(image: ReceivedImage & { readonly partialIndex: number }): Promise<void>
}

export interface ReceivedImage {
  readonly body: SpooledBody
  /** Read from the bytes, not from headers. */
  readonly mediaType: string
  /** Read from the bytes; 0x0 for formats without intrinsic pixels (SVG without a size). */
  readonly size: Size
  readonly revisedPrompt?: string
  readonly seed?: number
}

export type AttemptResult =
  | {
      readonly kind: 'done'
      /** At least one; fewer than asked for is a partial success. */
      readonly images: readonly ReceivedImage[]
      /** Undefined: the provider reported none. */
      readonly usage?: Usage
      readonly reportedCost?: ReportedCost
      /** Items that failed while others succeeded. */
      readonly failures: readonly AttemptFailure[]
      readonly warnings: readonly Warning[]
      readonly evidence: Evidence
    }
  | { readonly kind: 'failed'; readonly failure: AttemptFailure; readonly evidence: Evidence }

/** What the provider said, for the attempt's events: no image bytes, no secrets, bounded in size. */
export interface Evidence {
  readonly httpStatus?: number
  readonly providerRequestId?: string
  readonly headers?: Readonly<Record<string, string>>
  /** The JSON skeleton of the answer (images cut out), at most 16 KiB. */
  readonly body?: JsonObject
  readonly timings?: { readonly firstByteMs?: number; readonly totalMs: number }
}

export interface ProbeResult {
  readonly ok: boolean
  /** One line for a human: what was tried, what came back, what to do. */
  readonly message: string
}
