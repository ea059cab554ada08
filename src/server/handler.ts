/** What a route handler gets and gives. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { HalftoneError } from '../core/error.ts'
import type { ServerContext } from './context.ts'
import type { Identity } from './key-ring.ts'

export interface Call {
  readonly context: ServerContext
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  /** Path parameters, decoded. */
  readonly params: Readonly<Record<string, string>>
  /** As checked by the endpoint's schemas; `unknown` without one. */
  readonly query: unknown
  readonly body: unknown
  readonly identity: Identity | undefined
}

/** Returns what is sent as JSON, or undefined when it has answered on the reply itself. */
export type Handler = (call: Call) => Promise<unknown>

/** The caller of an endpoint that needs a key; the router has authenticated it. */
export function callerIdentity({ identity }: Call): Identity {
  if (!identity) throw new HalftoneError('missing_api_key', 'This path needs a key.')
  return identity
}

/** Aborts when the client leaves: what is read for nobody ends. */
export function signalOf({ reply }: Call): AbortSignal {
  const left = new AbortController()
  // Also after the last byte, when nobody listens any more.
  reply.raw.once('close', () => left.abort())
  return left.signal
}
