/** The public API: start a gateway from your own program, describe a provider of your own. Prices alone are `halftone/pricing`. */
export { type Halftone, type StartOptions, startHalftone } from './compose.ts'
export { type ErrorCode, errorCatalogue, HalftoneError } from './core/error.ts'
export type { ProviderDefinition } from './providers/define-provider.ts'
