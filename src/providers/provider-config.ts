/** One configured account, as the config layer resolves it; the types are structural, so that neither imports the other. */
import type { Capabilities } from '../core/capability.ts'
import type { JsonObject } from '../core/json.ts'

/** A wrapped credential: prints as redacted, read only where it is sent. */
export interface Revealable {
  reveal(): string
}

export interface ProviderConfig {
  /** The name under `providers`. */
  readonly name: string
  /** The codec's id. */
  readonly type: string
  /** With the path prefix, such as `https://api.example.com/v1`; absent: the codec's own. */
  readonly baseUrl?: string
  readonly apiKey?: Revealable
  /** Further keys of the same account: when one is refused or limited, the next attempt takes another. */
  readonly moreApiKeys?: readonly Revealable[]
  /** `providers.<name>.options`, as the codec's own schema has it. */
  readonly options?: JsonObject
  /** Sent with every call to the configured host, such as an organisation header. */
  readonly headers?: Readonly<Record<string, Revealable>>
  /** Absent: all that the codec knows. */
  readonly models?: readonly ModelConfig[]
  readonly region?: string
  /** From the call to the last byte of the last image, polling and downloads included; 300,000 by default. */
  readonly timeoutMs?: number
  /** Longest time from sending a call in the batch lane to its picture; 26 hours by default. */
  readonly batchTimeoutMs?: number
  /** 10,000 by default. */
  readonly connectTimeoutMs?: number
  /** Longest silence inside the body of an answer; 60,000 by default. A stream may be silent for `timeoutMs` between images. */
  readonly idleTimeoutMs?: number
  /** Bytes of one image; 64 MiB by default. */
  readonly maxImageBytes?: number
  /** Bytes of one answer, counted as read and again after decompression; 256 MiB by default. */
  readonly maxResponseBytes?: number
  /** Calls at once; further ones wait for their turn. Absent: as the type has it. */
  readonly concurrency?: number
  /** `host` or `host:port`: result URLs there may be private, besides the configured host. */
  readonly allowHosts?: readonly string[]
}

/** A model to offer: one the codec knows, with what differs, or one it does not know. */
export interface ModelConfig {
  /** The wire name. */
  readonly id: string
  /** `publisher/name`. */
  readonly model: string
  readonly region?: string
  readonly tier?: string
  /** Only what the operator declared. */
  readonly capabilities: Partial<Capabilities>
}

export const defaultTimeouts = {
  timeoutMs: 300_000,
  batchTimeoutMs: 26 * 3_600_000,
  connectTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
} as const
export const defaultLimits = { maxImageBytes: 64 * 1024 * 1024, maxResponseBytes: 256 * 1024 * 1024 } as const
