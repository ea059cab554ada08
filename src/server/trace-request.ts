/** Requests as spans, where telemetry is on. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { IncomingRequest, RequestSpan } from '../ports/tracer.ts'

export interface RequestTelemetry {
  request(request: IncomingRequest): RequestSpan
}

const spans = new WeakMap<object, RequestSpan>()

export function traceRequest<T>(
  telemetry: RequestTelemetry,
  route: string,
  { request, reply }: { readonly request: FastifyRequest; readonly reply: FastifyReply },
  work: () => T,
): T {
  const span = telemetry.request({ method: request.method, route, headers: request.headers })
  spans.set(request, span)
  reply.raw.once('close', () => span.end(reply.raw.statusCode))
  return span.run(work)
}

export const traceError = (request: FastifyRequest, code: string): void => spans.get(request)?.fail(code)
