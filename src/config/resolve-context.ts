/** What resolving works with, and where it tells what it found. */
import type { z } from 'zod'
import type { ManagedBy } from '../ports/ledger.ts'
import type { Environment } from './document.ts'
import type { ProviderVariable } from './environment.ts'

export interface ResolveContext {
  readonly env: Environment
  readonly providerVariables: readonly ProviderVariable[]
  /** Codec ids; undefined: not checked. */
  readonly providerTypes: readonly string[] | undefined
  /** The schema of a type's `options`; undefined: it takes none. Absent: not checked. */
  readonly optionsOf: ((type: string) => z.ZodType | undefined) | undefined
  /** Operators' own types by the name of the entry that loads them, where loading worked. */
  readonly modules: ReadonlyMap<string, LoadedModule>
  /** Names under `providers`, also of those too broken to resolve. */
  readonly declaredProviders: readonly string[]
  /** Absolute. */
  readonly dataDir: string
  /** ISO date on which the operator's prices were last looked at. */
  readonly pricesCheckedAt: string
  /** Who manages `maxUsdPerDay`. */
  readonly capManagedBy: ManagedBy
}

/** A provider type out of an operator's module. */
export interface LoadedModule {
  /** Absolute path. */
  readonly path: string
  /** The codec's id. */
  readonly type: string
  readonly options?: z.ZodType
}

export interface Findings {
  readonly variableProblem: (variable: string, message: string, remedy: string) => void
  readonly problem: (path: readonly PropertyKey[], message: string, remedy: string, what?: 'key' | 'value') => void
  readonly warning: (path: readonly PropertyKey[], message: string, remedy: string) => void
}

/** A record without prototype, so that a name such as `constructor` is absent unless it is configured. */
export function named<T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> {
  const record: Record<string, T> = Object.create(null)
  for (const [name, value] of entries) record[name] = value
  return record
}
