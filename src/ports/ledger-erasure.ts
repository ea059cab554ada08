/** Deleting what people wrote and got. Money, attempts and counts stay as they are. */
import type { TimestampUs } from './ledger.ts'

export type ErasureSubject =
  | { readonly requestId: string }
  /** All requests of an end customer, whose name is replaced by one that says nothing. */
  | { readonly endCustomer: string; readonly pseudonym: string }
  /** All requests of a group, or with this value of a tag; the name is replaced likewise. */
  | { readonly group: string; readonly pseudonym: string }
  | { readonly tag: { readonly key: string; readonly value: string }; readonly pseudonym: string }
  /** Requests of a project that were made before an instant. */
  | { readonly projectId: string; readonly beforeUs: TimestampUs }

export interface EraseCommand {
  readonly subject: ErasureSubject
  /** `prompts`: texts and parameters; `images`: outputs and inputs. */
  readonly what: 'all' | 'prompts' | 'images'
  readonly atUs: TimestampUs
  /** The last id of the call before. */
  readonly after?: string
}

export interface Erased {
  /** Finished requests that were looked at; those still running are left, and counted. */
  readonly requests: number
  readonly running: number
  readonly images: number
  /** Where the next call goes on; null: that was all. */
  readonly next: string | null
}

export interface LedgerErasure {
  /** Bounded work per call; audited with the first one. Blobs that nothing refers to any more go with the next sweep. */
  erase(command: EraseCommand): Promise<Erased>
}
