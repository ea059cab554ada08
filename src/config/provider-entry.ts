import type { Findings, ResolveContext } from './resolve-context.ts'
import type { FileSettings } from './schema.ts'

export type FileProvider = FileSettings['providers'][string]

/** A provider as the file has it, and what it is resolved with. */
export interface ProviderEntry {
  readonly name: string
  readonly type: string
  readonly provider: FileProvider
  readonly context: ResolveContext
  readonly found: Findings
}
