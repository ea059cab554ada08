/** A typed client of the gateway's HTTP API: paths and schemas come from the endpoint table. */
import type { IncomingMessage } from 'node:http'
import type { z } from 'zod'
import { errorBody } from '../contract/common.ts'
import { type Endpoint, type EndpointName, endpoints } from '../contract/endpoints.ts'
import { type ErrorCode, errorCatalogue } from '../core/error.ts'
import { CliError, exitOfCode } from './exit.ts'
import { readBody, send } from './transport.ts'

type Table = typeof endpoints
/** What an endpoint answers, as its schema says. */
export type AnswerOf<Name extends EndpointName> = Table[Name] extends { response: infer Schema extends z.ZodType }
  ? z.infer<Schema>
  : never

export interface CallOptions {
  /** Values of `{name}` in the path. */
  readonly path?: Readonly<Record<string, string>>
  /** Undefined values are left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>
  readonly body?: object | FormData
  readonly headers?: Readonly<Record<string, string>>
}

export interface Client {
  readonly url: string
  /** Call and check the answer against its schema. Every failure is a `CliError` with its exit code. */
  call<Name extends EndpointName>(name: Name, options?: CallOptions): Promise<AnswerOf<Name>>
  /** Call and hand over the answer while it arrives; failures before its body are `CliError`s. */
  open(name: EndpointName, options?: CallOptions): Promise<IncomingMessage>
}

export interface ClientOptions {
  /** Base URL of the gateway, without a trailing slash. */
  readonly url: string
  /** Undefined: calls go out without a key, and the gateway says what it thinks of that. */
  readonly key: string | undefined
  readonly signal: AbortSignal
}

export function createClient({ url, key, signal }: ClientOptions): Client {
  const open = async (name: EndpointName, options: CallOptions = {}): Promise<IncomingMessage> => {
    const endpoint: Endpoint = endpoints[name]
    const { body } = options
    const headers = {
      accept: 'application/json',
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
      ...options.headers,
    }
    const answer = await send({
      method: endpoint.method,
      url: addressOf(url, endpoint.path, options),
      headers,
      ...(body === undefined ? {} : { body: body instanceof FormData ? body : JSON.stringify(body) }),
      signal,
    }).catch((error: unknown) => {
      throw unreachable(url, error, signal)
    })
    const status = answer.statusCode ?? 0
    if (status >= 200 && status < 300) return answer
    throw await failureOf(answer, url, signal)
  }
  return {
    url,
    open,
    call: async (name, options) => {
      const answer = await open(name, options)
      const text = await bodyText(answer, url, signal)
      const schema = (endpoints[name] as Endpoint).response
      const parsed = schema?.safeParse(parseJson(text))
      if (!parsed?.success) throw notHalftone(url, `${answer.statusCode} with an unexpected body`)
      // The schema that was just applied is the one the type is inferred from.
      return parsed.data as never
    },
  }
}

function addressOf(base: string, path: string, { path: values = {}, query = {} }: CallOptions): URL {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''))
  const url = new URL(base + filled)
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, String(value))
  return url
}

async function bodyText(answer: IncomingMessage, url: string, signal: AbortSignal): Promise<string> {
  const body = await readBody(answer).catch((error: unknown) => {
    throw unreachable(url, error, signal)
  })
  return body.toString('utf8')
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The error of an answer that is not 2xx, with the remedy of its code. */
async function failureOf(answer: IncomingMessage, url: string, signal: AbortSignal): Promise<CliError> {
  const status = answer.statusCode ?? 0
  const parsed = errorBody.safeParse(parseJson(await bodyText(answer, url, signal)))
  if (!parsed.success) return notHalftone(url, `HTTP ${status}`)
  return errorOf(parsed.data.error, status, answer.headers['x-request-id'])
}

/** What to do in terms of this command line, where the catalogue speaks of requests. */
const ownRemedies: Partial<Record<ErrorCode, string>> = {
  model_not_found: '`halftone models` lists what there is.',
  cost_limit_exceeded: 'Raise --max-cost, or ask for a smaller size, a lower quality or fewer pictures.',
  unbounded_cost: 'This offer has no maximum price: give one with --max-cost, or choose another model.',
  missing_api_key: 'Give a key with --key or HALFTONE_KEY.',
  invalid_api_key: 'Give a valid key with --key or HALFTONE_KEY; a lost admin key is replaced by `halftone keys reset-admin`.',
  forbidden: 'Give an admin key with --key or HALFTONE_KEY.',
}

/** A `CliError` from the error object of an answer or of a stream. */
export function errorOf(
  error: z.infer<typeof errorBody>['error'],
  status: number,
  requestIdHeader?: string | readonly string[],
): CliError {
  const known = Object.entries(errorCatalogue).find(([code]) => code === error.code)?.[1]
  const own = Object.entries(ownRemedies).find(([code]) => code === error.code)?.[1]
  const fromHeader = typeof requestIdHeader === 'string' ? requestIdHeader : undefined
  return new CliError(exitOfCode(error.code, status), error.message, {
    code: error.code,
    remedy: own ?? known?.remedy,
    requestId: error.request_id ?? fromHeader,
  })
}

function notHalftone(url: string, what: string): CliError {
  return new CliError('noGateway', `${url} answers, but not like a Halftone gateway (${what}).`, {
    remedy: 'Check the address, or update this command to the version of the gateway.',
  })
}

function unreachable(url: string, error: unknown, signal: AbortSignal): CliError {
  if (signal.aborted) {
    const remedy = 'What was sent is finished by the gateway all the same: see `halftone requests`.'
    return new CliError('interrupted', 'Interrupted.', { remedy })
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error)
  if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE') {
    return new CliError('noGateway', `The gateway at ${url} closed the connection before it had answered.`, {
      remedy: 'If it is running again, `halftone requests` shows whether the request was made and what it cost.',
      cause: error,
    })
  }
  return new CliError('noGateway', `No gateway answers at ${url} (${code}).`, {
    remedy: 'Start one with `halftone serve`, or name another with --url.',
    cause: error,
  })
}
