/** Work that must happen once for all nodes and survive a restart: rows that a node leases, does and closes. */
import type { JsonObject } from '../core/json.ts'
import type { TimestampUs } from './ledger.ts'

export interface LedgerJobs {
  /** A job whose id was ever added is left as it is, done or not: ids are what makes work happen once. */
  add(jobs: readonly NewJob[]): Promise<void>
  /** Lease due jobs, oldest first, those whose lease ran out included; nobody else gets them until `leaseUntilUs`. */
  claim(query: {
    kind: string
    nodeId: string
    nowUs: TimestampUs
    leaseUntilUs: TimestampUs
    limit: number
  }): Promise<readonly Job[]>
  /** Close a job, with what went wrong if it was given up. */
  finish(command: { id: string; atUs: TimestampUs; error?: string }): Promise<void>
  /** Give it back, to be done again later. */
  retry(command: { id: string; runAtUs: TimestampUs; error: string }): Promise<void>
}

export interface NewJob {
  readonly id: string
  readonly kind: string
  readonly createdUs: TimestampUs
  readonly payload: JsonObject
}

export interface Job {
  readonly id: string
  /** Leases so far, this one included. */
  readonly tries: number
  readonly createdUs: TimestampUs
  readonly payload: JsonObject
}
