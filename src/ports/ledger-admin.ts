/** Keys, projects and budgets: rows that people change. */
import type { Role } from '../core/access/roles.ts'
import type { NanoUsd } from '../core/money.ts'
import type { TimestampUs } from './ledger.ts'

export interface LedgerAdmin {
  createKey(key: NewKey): Promise<void>
  /**
   * What the configuration says of a key: made, changed, given another secret or valid again. A key of the API that has this
   * secret is taken over; one that has the id, or was revoked with this secret, is a `conflict`.
   */
  putKey(key: NewKey): Promise<void>
  /** By the SHA-256 of the secret; revoked keys are returned with their state. */
  keyByHash(hash: string): Promise<KeyRecord | undefined>
  keyById(id: string): Promise<KeyRecord | undefined>
  keys(): Promise<readonly KeyRecord[]>
  /** When each key last made a request; keys that never did are not in it. */
  lastUsed(): Promise<ReadonlyMap<string, TimestampUs>>
  /** False when there is no such key. */
  revokeKey(id: string, atUs: TimestampUs): Promise<boolean>
  /**
   * Insert or update by id; a row with another `managedBy` is a `managed_by_file` or `conflict` error. `released` is put by a
   * configuration that no longer has the project: it reads as `api`, and file or API may take it.
   */
  putProject(project: Omit<ProjectRecord, 'managedBy'> & { readonly managedBy: ManagedBy | 'released' }): Promise<void>
  projects(): Promise<readonly ProjectRecord[]>
  putBudget(budget: BudgetRecord): Promise<void>
  budgets(): Promise<readonly BudgetRecord[]>
  deleteBudget(id: string): Promise<boolean>
}

export interface NewKey {
  readonly id: string
  readonly name: string
  readonly hash: string
  /** The first characters of the secret, to recognise it by. */
  readonly prefix: string
  readonly role: Role
  readonly projectId: string
  readonly tags: Readonly<Record<string, string>>
  /** undefined = all models. */
  readonly allowedModels?: readonly string[]
  readonly createdUs: TimestampUs
  readonly managedBy: ManagedBy
}
export interface KeyRecord extends NewKey {
  readonly revokedUs: TimestampUs | null
}
export type ManagedBy = 'api' | 'file' | 'environment'

export interface ProjectRecord {
  readonly id: string
  readonly name: string
  readonly promptMode: 'full' | 'hmac' | 'none'
  readonly assetTtlDays: number
  /** Prompt, parameters and answer of a request go after so many days; absent: they stay. */
  readonly contentTtlDays?: number
  /** The record of a request, all but what money and sums are made of, goes after so many days; absent: it stays. */
  readonly recordsTtlDays?: number
  readonly tags: Readonly<Record<string, string>>
  readonly managedBy: ManagedBy
}

export interface BudgetRecord {
  readonly id: string
  readonly scope: 'global' | 'key' | 'project' | 'customer' | 'tag'
  /** Key id, project id, customer, `tag=value`; empty for global. */
  readonly scopeValue: string
  readonly period: 'day' | 'month' | 'total'
  readonly limitNanoUsd: NanoUsd
  readonly hard: boolean
  readonly managedBy: ManagedBy
}
