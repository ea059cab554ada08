/** Configuration: the only reader of configuration files and, through its callers, of the environment. */
export { describeConfig } from './describe.ts'
export type { Environment } from './document.ts'
export type { ConfigFlags } from './environment.ts'
export { DEFAULT_CONFIG_FILE, type LoadedConfig, type LoadModule, type LoadOptions, loadConfig } from './load.ts'
export { ConfigError, formatProblem } from './problem.ts'
export { configJsonSchema } from './schema-keys.ts'
export type { Config, ProviderConfig } from './types.ts'
export { watchConfig } from './watch.ts'
