/** What an error of a call to S3-compatible storage means for whoever made the call. */
import { HalftoneError } from '../core/error.ts'

/** Worth another try, or final as the error it becomes. */
export type Fault = 'passing' | HalftoneError

/** Answers that say "not now", beside those of status 429 and 5xx. */
const PASSING: ReadonlySet<string> = new Set([
  'BadDigest',
  'ConditionalRequestConflict',
  'OperationAborted',
  'RequestTimeout',
  // The client has taken over the server's time from this answer: the next try is signed with it.
  'RequestTimeTooSkewed',
  'SlowDown',
  'TooManyRequests',
  // The bytes changed on their way.
  'XAmzContentSHA256Mismatch',
])

const FULL: ReadonlySet<string> = new Set(['QuotaExceeded', 'XMinioStorageFull', 'InsufficientStorage'])

interface Answered {
  readonly name?: unknown
  readonly $metadata?: { readonly httpStatusCode?: unknown }
}

/** The HTTP status of an answer that is an error; undefined: there was no answer. */
export function statusOf(error: unknown): number | undefined {
  // The members of the client's exceptions; each is looked at before it is believed.
  const status = error instanceof Error ? (error as Answered).$metadata?.httpStatusCode : undefined
  return typeof status === 'number' ? status : undefined
}

export function faultOf(error: unknown): Fault {
  if (error instanceof HalftoneError) return error
  const name = error instanceof Error ? error.name : ''
  const status = statusOf(error)
  if (name === 'CredentialsProviderError' || name === 'TokenProviderError')
    return refused('there are no credentials for it', error)
  if (FULL.has(name) || status === 507)
    return new HalftoneError('storage_full', 'The store of images takes no more: its quota is used up.', { cause: error })
  // No answer at all: refused, reset, timed out, a name that does not resolve.
  if (status === undefined || status === 429 || (status >= 500 && status !== 501) || PASSING.has(name)) return 'passing'
  if (status === 301 || status === 307) return refused('the bucket is in another region', error)
  return refused(explained(name, status), error)
}

const EXPLAINED: Readonly<Record<string, string>> = {
  NoSuchBucket: 'there is no such bucket',
  AccessDenied: 'the key may not do this (AccessDenied)',
  InvalidAccessKeyId: 'it does not know the access key (InvalidAccessKeyId)',
  SignatureDoesNotMatch: 'the secret key is wrong (SignatureDoesNotMatch)',
}

/** To a question without a body in its answer, the status is all it says. */
function explained(name: string, status: number): string {
  const known = EXPLAINED[name]
  if (known !== undefined) return known
  if (status === 403) return 'the key is wrong, or may not do this'
  return `it answers ${status}${/^[A-Za-z0-9]{3,64}$/.test(name) ? ` ${name}` : ''}`
}

const refused = (why: string, cause: unknown): HalftoneError =>
  new HalftoneError('storage_failed', `The store of images refuses: ${why}.`, { cause })

/** After every try has failed. */
export const unreachable = (cause: unknown, retryAfterMs: number): HalftoneError =>
  new HalftoneError('storage_unavailable', 'The store of images does not answer.', { cause, retryAfterMs })
