/** How the command line ends: one table of exit codes, and the error every command throws. */
import type { ErrorCode } from '../core/error.ts'

export const exits = {
  ok: { code: 0, meaning: 'Done.' },
  failure: { code: 1, meaning: 'Any other failure; or `doctor` found something wrong.' },
  usage: { code: 2, meaning: 'The command line or the request is wrong: unknown option, model, size, id.' },
  config: { code: 3, meaning: 'The configuration is wrong, or the database is newer than this version.' },
  noGateway: { code: 4, meaning: 'No gateway answers at the address.' },
  auth: { code: 5, meaning: 'No key, a wrong one, or one without this right.' },
  limit: { code: 6, meaning: 'Refused by a budget, a cap, a maximum cost or a rate limit.' },
  provider: { code: 7, meaning: 'The provider failed, timed out or could not be reached.' },
  refused: { code: 8, meaning: 'The provider refused the content of the request.' },
  busy: { code: 9, meaning: 'The port or the data directory is used by another process.' },
  interrupted: { code: 130, meaning: 'Interrupted by Ctrl-C before it was done.' },
} as const satisfies Record<string, { readonly code: number; readonly meaning: string }>

export type ExitName = keyof typeof exits

/** A failure with one clear message, what to do about it, and how the process ends. Printed without a stack. */
export class CliError extends Error {
  readonly exit: ExitName
  readonly remedy: string | undefined
  /** The gateway's error code, where it has one. */
  readonly code: string | undefined
  readonly requestId: string | undefined

  constructor(exit: ExitName, message: string, details: CliErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'CliError'
    this.exit = exit
    this.remedy = details.remedy
    this.code = details.code
    this.requestId = details.requestId
  }
}

export interface CliErrorDetails {
  readonly remedy?: string | undefined
  readonly code?: string | undefined
  readonly requestId?: string | undefined
  readonly cause?: unknown
}

/** Every code of the catalogue: a new one does not compile until it has a place here. */
const exitByCode: Readonly<Record<ErrorCode, ExitName>> = {
  invalid_json: 'usage',
  invalid_value: 'usage',
  invalid_decimal: 'usage',
  query_too_large: 'usage',
  missing_required_parameter: 'usage',
  unknown_parameter: 'usage',
  unsupported_parameter: 'usage',
  unsupported_content_type: 'usage',
  invalid_multipart: 'usage',
  invalid_image: 'usage',
  image_too_large: 'usage',
  body_too_large: 'usage',
  invalid_image_url: 'usage',
  invalid_header: 'usage',
  model_ambiguous: 'usage',
  model_not_found: 'usage',
  model_retired: 'usage',
  not_found: 'usage',
  method_not_allowed: 'usage',
  asset_expired: 'usage',
  idempotency_in_progress: 'usage',
  idempotency_mismatch: 'usage',
  managed_by_file: 'usage',
  conflict: 'usage',
  no_eligible_offer: 'usage',
  missing_api_key: 'auth',
  invalid_api_key: 'auth',
  sign_in_failed: 'auth',
  forbidden: 'auth',
  model_not_allowed: 'auth',
  quote_mismatch: 'usage',
  quote_expired: 'limit',
  quote_exceeded: 'limit',
  cost_limit_exceeded: 'limit',
  insufficient_quota: 'limit',
  rate_limit_exceeded: 'limit',
  unpriced: 'limit',
  unbounded_cost: 'limit',
  content_refused: 'refused',
  provider_rejected: 'provider',
  provider_auth: 'provider',
  provider_quota: 'provider',
  provider_not_found: 'provider',
  provider_rate_limited: 'provider',
  provider_error: 'provider',
  provider_unreachable: 'provider',
  provider_invalid_response: 'provider',
  provider_no_image: 'provider',
  provider_response_too_large: 'provider',
  provider_timeout: 'provider',
  blocked_address: 'provider',
  passthrough_not_configured: 'config',
  passthrough_makes_images: 'usage',
  config_invalid: 'config',
  schema_newer: 'config',
  data_dir_locked: 'busy',
  upgrade_blocked: 'busy',
  overloaded: 'failure',
  draining: 'failure',
  cancelled: 'interrupted',
  storage_failed: 'failure',
  storage_full: 'failure',
  storage_unavailable: 'failure',
  internal_error: 'failure',
}

/** How the process ends after an error of the catalogue; an unknown code (a newer gateway) falls back on the HTTP status. */
export function exitOfCode(code: string, httpStatus = 500): ExitName {
  if (Object.hasOwn(exitByCode, code)) return exitByCode[code as ErrorCode]
  if (httpStatus === 401 || httpStatus === 403) return 'auth'
  if (httpStatus === 429) return 'limit'
  return httpStatus >= 400 && httpStatus < 500 ? 'usage' : 'failure'
}
