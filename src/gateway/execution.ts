/** What goes into the gateway and what comes out of it: no HTTP, no provider. */
import type { JsonObject } from '../core/json.ts'
import type { NanoUsd } from '../core/money.ts'
import type { OfferId, Warning } from '../core/offer.ts'
import type { AppliedFloor } from '../core/planning/easy-floor.ts'
import type { ImageInput, ImageRequest, RequestOptions } from '../core/request.ts'
import type { SpooledBody } from '../ports/blob-store.ts'
import type { CostStatus } from '../ports/ledger.ts'
import type { ReceivedImage } from '../ports/provider.ts'

export interface Caller {
  readonly keyId: string
  readonly projectId: string
  /** The key's own tags; the request's win. */
  readonly tags: Readonly<Record<string, string>>
  readonly allowedModels?: readonly string[]
  readonly promptMode: 'full' | 'hmac' | 'none'
  readonly assetTtlDays: number
  /** Absent: what was asked and answered stays. */
  readonly contentTtlDays?: number
  /** Absent: the record of a request stays. */
  readonly recordsTtlDays?: number
}

export interface ExecuteInput {
  readonly request: ImageRequest
  readonly options: RequestOptions
  readonly caller: Caller
  /** Spooled input images, by their `ImageInput`; disposed by the gateway when the request has ended. */
  readonly inputs: readonly { readonly input: ImageInput; readonly body: SpooledBody }[]
  readonly idempotencyKey?: string
  /** The SDK's own count of this try: above 0 the call repeats an earlier one. */
  readonly sdkRetry: number
  /** Aborts when the client leaves. */
  readonly clientGone: AbortSignal
  /** Asked after each wait for a turn: whether the caller still may. Rejects when not, and nothing is begun. */
  mayGoOn?(): Promise<void>
  /** Present for streams. */
  readonly stream?: StreamSink
  /** Told how far each call is, as far as its provider says. */
  onProgress?(told: CallProgress): void
}

export interface CallProgress {
  readonly requestId: string
  readonly attemptId: string
  /** Images of the request that this call makes. */
  readonly images: number
  /** Share of the call that is done: 1 when it brought its pictures, 0 when it failed and another may take its place. */
  readonly share: number
}

/** Where partial images go. The gateway never falls back once `started` is true. */
export interface StreamSink {
  readonly started: boolean
  partial(image: ReceivedImage & { readonly partialIndex: number }): Promise<void>
}

export interface ExecuteResult {
  readonly requestId: string
  readonly createdUs: number
  readonly images: readonly OutputImage[]
  readonly summary: ResultSummary
  /** Give the images' memory back; after the answer was sent or given up. */
  dispose(): Promise<void>
}

export interface OutputImage {
  readonly assetId: string
  readonly bytes: number
  readonly mediaType: string
  readonly width: number
  readonly height: number
  readonly revisedPrompt?: string
  open(): AsyncIterable<Uint8Array>
}

/** The answer without its bytes: also what an idempotent replay is made of. */
export interface ResultSummary {
  readonly offer: OfferId | null
  readonly costNanoUsd: NanoUsd
  readonly costStatus: CostStatus
  readonly attempts: number
  readonly cache: 'miss' | 'hit' | 'joined'
  readonly sandbox: boolean
  readonly warnings: readonly Warning[]
  /** The floor that the pictures were made under. */
  readonly floor?: AppliedFloor
  readonly size: string
  readonly quality?: string
  readonly background?: string
  readonly format: string
  /** Token counts for OpenAI's `usage`; 0 for offers that do not count in tokens. */
  readonly tokens: TokenUsage
}

export interface TokenUsage {
  readonly textIn: number
  readonly imageIn: number
  readonly textOut: number
  readonly imageOut: number
}

export const noTokens: TokenUsage = { textIn: 0, imageIn: 0, textOut: 0, imageOut: 0 }

/** The stored form of a summary: plain JSON. */
export function summaryToJson(summary: ResultSummary): JsonObject {
  const { costNanoUsd, warnings, tokens, floor, ...rest } = summary
  return {
    ...rest,
    ...(floor && { floor: { ...floor } }),
    costNanoUsd: costNanoUsd.toString(),
    warnings: warnings.map((warning) => ({ ...warning })),
    tokens: { ...tokens },
  }
}

/** The inverse; the caller read it from a row this version or an older one wrote. */
export function summaryFromJson(json: JsonObject, cache: 'hit' | 'joined'): ResultSummary {
  // The ledger stores what summaryToJson made; fields added later have defaults here.
  const stored = json as unknown as Omit<ResultSummary, 'costNanoUsd'> & { readonly costNanoUsd: string }
  return { ...stored, tokens: stored.tokens ?? noTokens, costNanoUsd: BigInt(stored.costNanoUsd), cache }
}
