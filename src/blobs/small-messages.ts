/** What the store of small blobs and its thread say to each other. */
import type { ErrorCode } from '../core/error.ts'

export type SmallOperation =
  | { readonly kind: 'put'; readonly sha256: string; readonly bytes: Uint8Array }
  | { readonly kind: 'get'; readonly sha256: string }
  | { readonly kind: 'delete'; readonly sha256: string }

/** Operations are done in order, in one transaction. */
export type SmallRequest = readonly SmallOperation[] | 'close'

export type SmallResult =
  /** Bytes for a `get` that found something. */
  { readonly ok: true; readonly bytes?: Uint8Array } | { readonly ok: false; readonly code: ErrorCode; readonly message: string }
