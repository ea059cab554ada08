/** Routes made by API: insert-only versions. */
import type { JsonObject } from '../core/json.ts'
import type { NanoUsd } from '../core/money.ts'
import type { Operation } from '../core/request.ts'
import type { TimestampUs } from './ledger.ts'

export interface LedgerRoutes {
  /** A new version after `after`, the newest one (0: none); `conflict` when another was made meanwhile. */
  put(command: PutRoute): Promise<RouteVersion>
  /** The newest version of every name, retired ones too, by name. */
  newest(): Promise<readonly RouteVersion[]>
  /** All versions of a name, newest first. */
  versions(name: string): Promise<readonly RouteVersion[]>
  /** Counts versions: other than before when anything was put. */
  revision(): Promise<number>
  /** Finished requests since an instant, newest first, in pages: what a replay decides again. */
  past(query: PastQuery): AsyncIterable<PastRequest>
}

export interface PutRoute {
  readonly name: string
  readonly after: number
  /** As JSON; for a retirement that of the version before. */
  readonly document: JsonObject
  readonly retired: boolean
  /** The version whose document it takes. */
  readonly restores?: number
  readonly atUs: TimestampUs
}

export interface RouteVersion {
  readonly name: string
  readonly version: number
  /** Undefined: what is stored is no JSON object. */
  readonly document: JsonObject | undefined
  readonly retired: boolean
  readonly restores: number | null
  readonly createdUs: TimestampUs
  readonly createdBy: string
}

export interface PastQuery {
  readonly sinceUs: TimestampUs
  readonly sandbox: boolean
  /** Only requests of these routes; absent: all. */
  readonly routes?: readonly string[]
}

export interface PastRequest {
  readonly id: string
  readonly createdUs: TimestampUs
  readonly model: string
  readonly route: string
  readonly operation: Operation
  readonly n: number
  /** Of whoever served it; absent: nobody did. */
  readonly offer: string | undefined
  readonly outcome: string
  readonly latencyUs: number | null
  readonly costNanoUsd: NanoUsd
  /** Of the client's request: size, quality and the like; empty once its content was deleted. */
  readonly parameters: JsonObject
  /** Null where it was not kept. */
  readonly prompt: string | null
  readonly inputs: number
}
