/**
 * The one catalogue of error codes. HTTP status, OpenAI error type and the default answers to "may the client retry?" and
 * "was it billed?" are properties of the code; a single mapper in the server turns an error into the OpenAI envelope.
 */

/** Whether the provider bills an attempt. `unknown` is an honest answer and is counted as money at risk. */
export type Billed = 'yes' | 'no' | 'unknown'

interface ErrorSpec {
  readonly status: number
  /** The `type` of the OpenAI envelope; SDKs raise their typed exceptions from the status. */
  readonly type: OpenAiErrorType
  /** A later identical request may succeed. */
  readonly retryable: boolean
  /** One line for the reference; what the reader should do. */
  readonly remedy: string
}

type OpenAiErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'permission_error'
  | 'not_found_error'
  | 'conflict_error'
  | 'rate_limit_error'
  | 'insufficient_quota'
  | 'image_generation_user_error'
  | 'server_error'

const bad = (remedy: string, status = 400): ErrorSpec => ({ status, type: 'invalid_request_error', retryable: false, remedy })

export const errorCatalogue = {
  // The request itself.
  invalid_json: bad('Send a JSON object in UTF-8.'),
  invalid_value: bad('Correct the named parameter.'),
  invalid_decimal: bad('Use a plain decimal number such as 0.04.'),
  missing_required_parameter: bad('Add the named parameter.'),
  unknown_parameter: bad('Remove the parameter, or spell it as in the API reference.'),
  unsupported_parameter: bad('No eligible offer can do this; change the parameter or choose another model.'),
  unsupported_content_type: bad('Send application/json or multipart/form-data.', 415),
  invalid_multipart: bad('Send a complete multipart/form-data body with a boundary.'),
  invalid_image: bad('Send a PNG, JPEG, WebP or GIF file that decodes.'),
  image_too_large: bad('Send an image with fewer pixels or bytes; limits are in the configuration reference.'),
  body_too_large: bad('Send a smaller body; the limit is in the configuration reference.', 413),
  invalid_image_url: bad('Use a public https URL that answers with an image, or a data: URL.'),
  invalid_header: bad('Send printable ASCII in x-halftone-* headers.'),
  query_too_large: bad('Ask for fewer days or dimensions; docs/reference/insight.md lists what is answered from stored sums.'),
  model_ambiguous: bad('Name the publisher or the provider, as listed in the message.'),
  quote_expired: bad('Ask for a new quote and send its id.', 410),
  quote_mismatch: bad('Send exactly the request that was quoted, with the same key; or ask for a new quote.'),
  quote_exceeded: {
    status: 409,
    type: 'conflict_error',
    retryable: false,
    remedy: 'The price went up or the cheaper offers are gone: ask for a new quote.',
  },
  cost_limit_exceeded: bad('Raise max cost, or ask for a smaller size, a lower quality or fewer images.'),
  // Who asks.
  missing_api_key: { status: 401, type: 'authentication_error', retryable: false, remedy: 'Send Authorization: Bearer <key>.' },
  invalid_api_key: {
    status: 401,
    type: 'authentication_error',
    retryable: false,
    remedy: 'Use a key that exists and is not revoked; see `halftone keys`.',
  },
  sign_in_failed: {
    status: 401,
    type: 'authentication_error',
    retryable: false,
    remedy: 'Begin the sign-in again; when it fails again, check server.oidc and the log of the identity provider.',
  },
  forbidden: { status: 403, type: 'permission_error', retryable: false, remedy: 'Use a key with this right.' },
  model_not_allowed: {
    status: 403,
    type: 'permission_error',
    retryable: false,
    remedy: 'Use a model this key is allowed to use, or widen the key.',
  },
  // What is asked for.
  model_not_found: { status: 404, type: 'not_found_error', retryable: false, remedy: 'Use a model listed by GET /v1/models.' },
  model_retired: {
    status: 404,
    type: 'not_found_error',
    retryable: false,
    remedy: 'Use the replacement named in the message, or configure an alias.',
  },
  not_found: { status: 404, type: 'not_found_error', retryable: false, remedy: 'Check the path and the id.' },
  method_not_allowed: {
    status: 405,
    type: 'invalid_request_error',
    retryable: false,
    remedy: 'Use the method named in the Allow header.',
  },
  passthrough_not_configured: {
    status: 404,
    type: 'not_found_error',
    retryable: false,
    remedy: 'Send this path to your text gateway, or set passthrough.provider in halftone.yaml.',
  },
  passthrough_makes_images: {
    status: 400,
    type: 'invalid_request_error',
    retryable: false,
    remedy:
      'Make pictures on /v1/images/generations or /v1/images/edits, or allow what no ledger row knows of with passthrough.unrecordedImages in halftone.yaml.',
  },
  asset_expired: {
    status: 410,
    type: 'not_found_error',
    retryable: false,
    remedy: 'The image has expired or its link has; ask for it again.',
  },
  // Conflicts.
  idempotency_in_progress: {
    status: 409,
    type: 'conflict_error',
    retryable: true,
    remedy: 'Wait for the first request with this Idempotency-Key to finish.',
  },
  idempotency_mismatch: {
    status: 409,
    type: 'conflict_error',
    retryable: false,
    remedy: 'Use a new Idempotency-Key for a different request.',
  },
  managed_by_file: { status: 409, type: 'conflict_error', retryable: false, remedy: 'Change it in halftone.yaml.' },
  conflict: { status: 409, type: 'conflict_error', retryable: false, remedy: 'Read the object again and repeat the change.' },
  // Limits.
  insufficient_quota: {
    status: 429,
    type: 'insufficient_quota',
    retryable: false,
    remedy: 'Wait for the next budget period or raise the budget.',
  },
  rate_limit_exceeded: { status: 429, type: 'rate_limit_error', retryable: true, remedy: 'Wait as long as Retry-After says.' },
  overloaded: {
    status: 503,
    type: 'server_error',
    retryable: true,
    remedy: 'The gateway is at its concurrency limit; retry after Retry-After.',
  },
  // Money.
  unpriced: {
    status: 400,
    type: 'invalid_request_error',
    retryable: false,
    remedy: 'No known price: set one under providers.<name>.prices.',
  },
  unbounded_cost: {
    status: 400,
    type: 'invalid_request_error',
    retryable: false,
    remedy: 'This offer has no maximum price; send a max cost or use another offer under a hard budget.',
  },
  no_eligible_offer: {
    status: 400,
    type: 'invalid_request_error',
    retryable: false,
    remedy: 'The message counts why each offer was eliminated.',
  },
  // What providers answer.
  content_refused: {
    status: 400,
    type: 'image_generation_user_error',
    retryable: false,
    remedy: 'The provider refused the content; change the prompt or the inputs.',
  },
  provider_rejected: {
    status: 400,
    type: 'invalid_request_error',
    retryable: false,
    remedy: 'The provider refused a parameter; the message quotes it.',
  },
  provider_auth: {
    status: 502,
    type: 'server_error',
    retryable: false,
    remedy: "The provider refused Halftone's own key; run `halftone doctor`.",
  },
  provider_quota: {
    status: 502,
    type: 'server_error',
    retryable: false,
    remedy: 'The provider account is out of credit; top it up.',
  },
  provider_not_found: {
    status: 502,
    type: 'server_error',
    retryable: false,
    remedy: 'The provider does not know this model; check providers.<name>.models.',
  },
  provider_rate_limited: {
    status: 429,
    type: 'rate_limit_error',
    retryable: true,
    remedy: 'The provider limits the rate; retry after Retry-After.',
  },
  provider_error: { status: 502, type: 'server_error', retryable: true, remedy: 'The provider failed; a retry may succeed.' },
  provider_unreachable: {
    status: 502,
    type: 'server_error',
    retryable: true,
    remedy: 'No connection to the provider; check its host and the network.',
  },
  provider_invalid_response: {
    status: 502,
    type: 'server_error',
    retryable: true,
    remedy: 'The provider answered with something that is not an image; see the attempt.',
  },
  provider_no_image: { status: 502, type: 'server_error', retryable: true, remedy: 'The provider answered without an image.' },
  provider_response_too_large: {
    status: 502,
    type: 'server_error',
    retryable: false,
    remedy: "The provider's answer passed the byte limit.",
  },
  provider_timeout: {
    status: 504,
    type: 'server_error',
    retryable: true,
    remedy: 'The provider did not answer in time; raise timeoutMs or choose a faster offer.',
  },
  blocked_address: {
    status: 502,
    type: 'server_error',
    retryable: false,
    remedy: 'A URL pointed to an address that is not public.',
  },
  cancelled: { status: 499, type: 'invalid_request_error', retryable: true, remedy: 'The client closed the connection.' },
  // Ourselves.
  config_invalid: { status: 500, type: 'server_error', retryable: false, remedy: 'Correct the configuration as listed.' },
  data_dir_locked: {
    status: 500,
    type: 'server_error',
    retryable: false,
    remedy: 'Another halftone process uses this data directory; stop it or choose another HALFTONE_DATA_DIR.',
  },
  schema_newer: {
    status: 500,
    type: 'server_error',
    retryable: false,
    remedy: 'The database was migrated by a newer Halftone; upgrade this one.',
  },
  storage_failed: {
    status: 500,
    type: 'server_error',
    retryable: true,
    remedy: 'The ledger or the image store failed; see the log.',
  },
  upgrade_blocked: {
    status: 503,
    type: 'server_error',
    retryable: false,
    remedy: 'Stop the nodes of the earlier release first; not every release can run beside the one before.',
  },
  storage_full: {
    status: 507,
    type: 'server_error',
    retryable: true,
    remedy: 'Free disk space; below the floor nothing is dispatched.',
  },
  storage_unavailable: {
    status: 503,
    type: 'server_error',
    retryable: true,
    remedy: 'The store of images does not answer; retry after Retry-After. A picture made meanwhile is sent, and not kept.',
  },
  draining: { status: 503, type: 'server_error', retryable: true, remedy: 'This node is shutting down; retry on another.' },
  internal_error: {
    status: 500,
    type: 'server_error',
    retryable: true,
    remedy: 'A bug in Halftone; please report it with the request id.',
  },
} as const satisfies Record<string, ErrorSpec>

export type ErrorCode = keyof typeof errorCatalogue

export interface ErrorDetails {
  /** The request parameter at fault, in the API's spelling. */
  readonly param?: string
  readonly cause?: unknown
  readonly retryAfterMs?: number
  /** Overrides for one occurrence; the catalogue holds the default. */
  readonly retryable?: boolean
  readonly billed?: Billed
  readonly requestId?: string
}

/** Every error that may reach a user. `message` says what was wrong and what to do, without secrets. */
export class HalftoneError extends Error {
  readonly code: ErrorCode
  readonly param: string | undefined
  readonly retryAfterMs: number | undefined
  readonly retryable: boolean
  readonly billed: Billed | undefined
  readonly requestId: string | undefined

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'HalftoneError'
    this.code = code
    this.param = details.param
    this.retryAfterMs = details.retryAfterMs
    this.retryable = details.retryable ?? errorCatalogue[code].retryable
    this.billed = details.billed
    this.requestId = details.requestId
  }
}
