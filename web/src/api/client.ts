/** One way to call the gateway: same origin, session cookie, typed answers, and every failure as an `ApiError`. */
import { errorCatalogue } from '../../../src/core/error.ts'
import { type Answer, type Body, type CallName, calls } from './paths.ts'

/** A failure with everything a reader needs: code, message, what to do, and the request whose receipt may show a cost. */
export class ApiError extends Error {
  readonly code: string
  /** HTTP status; 0 when no answer came at all. */
  readonly status: number
  readonly param: string | undefined
  readonly requestId: string | undefined

  constructor(details: { code: string; message: string; status: number; param?: string; requestId?: string; cause?: unknown }) {
    super(details.message, { cause: details.cause })
    this.name = 'ApiError'
    this.code = details.code
    this.status = details.status
    this.param = details.param
    this.requestId = details.requestId
  }
}

interface CallOptions<Name extends CallName> {
  readonly id?: string
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: Body<Name>
  readonly signal?: AbortSignal
}

/** Call an endpoint of the contract. Throws `ApiError`, or the signal's `AbortError`. */
export async function call<Name extends CallName>(name: Name, options: CallOptions<Name> = {}): Promise<Answer<Name>> {
  const [method, path] = calls[name]
  const headers = new Headers({ accept: 'application/json' })
  if (method !== 'GET') headers.set('x-halftone-csrf', '1')
  if (options.body !== undefined) headers.set('content-type', 'application/json')
  const init: RequestInit = { method, headers, credentials: 'same-origin' }
  if (options.body !== undefined) init.body = JSON.stringify(options.body)
  if (options.signal) init.signal = options.signal
  const response = await send(urlOf(path, options.id, options.query), init)
  const parsed = await parse(response)
  if (!response.ok) throw errorOf(response, parsed)
  // The schema of the same release produced this answer; checking it again would put every schema into the bundle.
  return parsed as Answer<Name>
}

/** The same for an endpoint that takes a form with a file in it. */
export async function callForm<Name extends CallName>(name: Name, form: FormData, signal?: AbortSignal): Promise<Answer<Name>> {
  const [method, path] = calls[name]
  const headers = { accept: 'application/json', 'x-halftone-csrf': '1' }
  const init: RequestInit = { method, headers, credentials: 'same-origin', body: form }
  if (signal) init.signal = signal
  const response = await send(path, init)
  const parsed = await parse(response)
  if (!response.ok) throw errorOf(response, parsed)
  // As in `call`.
  return parsed as Answer<Name>
}

/** Fill `{id}`, `{route}` or what else the path names, and append the query, leaving out what is undefined. */
export function urlOf(path: string, id?: string, query: Readonly<Record<string, string | number | undefined>> = {}): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value))
  const text = search.toString()
  return `${path.replace(/\{\w+\}/, encodeURIComponent(id ?? ''))}${text ? `?${text}` : ''}`
}

/** What to do about an error: the catalogue's line for its code, unless the message already says it. */
export function remedyOf(error: ApiError): string | undefined {
  const remedy = Object.hasOwn(errorCatalogue, error.code)
    ? errorCatalogue[error.code as keyof typeof errorCatalogue].remedy
    : unlisted.get(error.code)
  return remedy && !error.message.includes(remedy) ? remedy : undefined
}

const unlisted: ReadonlyMap<string, string> = new Map([
  ['no_connection', 'Check that `halftone serve` is running and reachable, then try again.'],
  ['unexpected_answer', 'Look at the log of the gateway, and at any proxy in front of it.'],
])

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (cause) {
    if (init.signal?.aborted) throw cause
    throw new ApiError({ code: 'no_connection', message: 'The gateway did not answer.', status: 0, cause })
  }
}

async function parse(response: Response): Promise<unknown> {
  const text = await response.text()
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch (cause) {
    const message = `The gateway answered ${response.status} with something that is not JSON.`
    throw new ApiError({ code: 'unexpected_answer', message, status: response.status, cause })
  }
}

interface Envelope {
  readonly error?: {
    readonly message?: string
    readonly code?: string | null
    readonly param?: string | null
    readonly request_id?: string
  }
}

/** The OpenAI envelope of a failed answer, as an `ApiError`. */
export function errorOf(response: { readonly status: number; readonly headers: Headers }, parsed: unknown): ApiError {
  const error = typeof parsed === 'object' && parsed !== null ? (parsed as Envelope).error : undefined
  const requestId = error?.request_id ?? response.headers.get('x-request-id') ?? undefined
  return new ApiError({
    code: error?.code ?? 'unexpected_answer',
    message: error?.message ?? `The gateway answered ${response.status}.`,
    status: response.status,
    ...(error?.param ? { param: error.param } : {}),
    ...(requestId ? { requestId } : {}),
  })
}
