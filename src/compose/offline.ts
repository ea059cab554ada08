/**
 * The composition root of commands that work without a running gateway: they look at, migrate, copy and mend the same
 * storage and test the same providers, without the server.
 */
import { type LoadedConfig, type LoadOptions, loadConfig } from '../config/index.ts'
import { providerKnowledge } from './modules.ts'

export { copyImages, examineBucket, type ImageCopy } from './bucket.ts'
export { replaceAdminKey } from './offline/admin-key.ts'
export { backupLedger, checkRestore, restoreLedger } from './offline/backup.ts'
export { priceSources } from './offline/price-sources.ts'
export { type ProviderChoice, probeProviders, providerChoices } from './offline/providers.ts'
export { routingBasis, storedRoute } from './offline/routing-basis.ts'
export { inspectLedger, type LedgerMigration, migrateLedger } from './offline/schema.ts'

/** Read the configuration as `serve` does: kinds of providers that do not exist are problems too. */
export const loadFullConfig = (options: LoadOptions): Promise<LoadedConfig> => loadConfig({ ...options, ...providerKnowledge })
