/** Under which origin the client reaches us: configured, else as told by the request (and by trusted proxies only). */
import type { FastifyRequest } from 'fastify'
import type { ServerSettings } from './context.ts'

/** Without trailing slash. Fastify reads `x-forwarded-*` only from the configured proxies. */
export function publicOrigin(request: FastifyRequest, settings: Pick<ServerSettings, 'publicUrl'>): string {
  return settings.publicUrl?.replace(/\/+$/, '') ?? `${request.protocol}://${request.host}`
}

/** Whether the browser speaks https with us, or with a proxy in front of us. */
export const isHttps = (request: FastifyRequest, settings: Pick<ServerSettings, 'publicUrl'>): boolean =>
  publicOrigin(request, settings).startsWith('https:')
