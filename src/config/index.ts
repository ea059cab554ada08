/** Configuration: the only reader of configuration files and, through its callers, of the environment. */
export { describeConfig } from './describe.ts'
export type { Environment } from './document.ts'
export { type ConfigFlags, flagName, type ProviderVariable, providerEnvironment, settings } from './environment.ts'
export { DEFAULT_CONFIG_FILE, type LoadedConfig, type LoadOptions, loadConfig } from './load.ts'
export { ConfigError, type ConfigProblem, formatProblem } from './problem.ts'
export { configJsonSchema } from './schema-keys.ts'
export { Secret } from './secret.ts'
export type { AliasTarget, Config, ConfiguredKey, ModelConfig, ProviderConfig } from './types.ts'
