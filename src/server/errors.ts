/** The one mapper from errors to HTTP: OpenAI's envelope, and headers that keep SDKs from paying twice. */
import type { z } from 'zod'
import { errorCatalogue, HalftoneError } from '../core/error.ts'

export interface HttpError {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: {
    readonly error: {
      readonly message: string
      readonly type: string
      readonly param: string | null
      readonly code: string
      readonly request_id?: string
    }
  }
}

/** The error as the client gets it. Anything else than a `HalftoneError` is a bug: its text stays in the log, under an id. */
export function toKnownError(error: unknown, newId: () => string): HalftoneError {
  if (error instanceof HalftoneError) return error
  const { code, message } = fromFramework(error)
  return new HalftoneError(code, message, { cause: error, ...(code === 'internal_error' && { requestId: newId() }) })
}

/** Anything else than a `HalftoneError` is a bug: its text stays in the log. */
export function toHttpError(error: unknown): HttpError {
  const known = error instanceof HalftoneError ? error : fromFramework(error)
  const { status, type } = errorCatalogue[known.code]
  // Money at risk forbids a repeat whatever the code says.
  const retry = known.retryable && (known.billed === undefined || known.billed === 'no')
  return {
    status,
    headers: {
      'x-should-retry': String(retry),
      ...(retry && { 'retry-after': String(Math.max(1, Math.ceil((known.retryAfterMs ?? 1_000) / 1_000))) }),
      ...(!retry && known.retryAfterMs !== undefined && { 'retry-after': String(Math.ceil(known.retryAfterMs / 1_000)) }),
      ...(known.requestId !== undefined && { 'x-request-id': known.requestId }),
      ...(status === 401 && { 'www-authenticate': 'Bearer realm="halftone"' }),
    },
    body: {
      error: {
        message: known.message,
        type,
        param: known.param ?? null,
        code: known.code,
        ...(known.requestId !== undefined && { request_id: known.requestId }),
      },
    },
  }
}

/** Fastify's own refusals, by status. */
function fromFramework(error: unknown): HalftoneError {
  const status = (error as { readonly statusCode?: unknown } | null)?.statusCode
  if (status === 413) return new HalftoneError('body_too_large', 'The body is larger than this path allows.')
  if (status === 415) return new HalftoneError('unsupported_content_type', 'Send application/json.')
  if (typeof status === 'number' && status >= 400 && status < 500)
    return new HalftoneError('invalid_value', 'The request is not well-formed HTTP.')
  return new HalftoneError(
    'internal_error',
    'Something went wrong inside Halftone; the log has the details under this request id.',
    { cause: error },
  )
}

/** The first problem of a zod check as a typed error that names the parameter. */
export function fromZod({ issues }: z.ZodError): HalftoneError {
  const [issue] = issues
  if (!issue) return new HalftoneError('invalid_value', 'The request is not valid.')
  const path = issue.path.map(String).join('.')
  if (issue.code === 'unrecognized_keys') {
    const param = [path, issue.keys[0]].filter(Boolean).join('.')
    return new HalftoneError(
      'unknown_parameter',
      `Unknown parameter: "${param}". Remove it, or send provider parameters under extra_body.<provider>.`,
      { param },
    )
  }
  if (['invalid_type', 'invalid_value'].includes(issue.code) && issue.input === undefined && path) {
    return new HalftoneError('missing_required_parameter', `Missing required parameter: "${path}".`, { param: path })
  }
  const param = path || undefined
  return new HalftoneError(
    'invalid_value',
    `Invalid ${param ? `"${param}"` : 'body'}: ${issue.message}.`,
    param === undefined ? {} : { param },
  )
}
