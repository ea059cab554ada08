/** Authentication of every route, from the endpoint table's `access`. */
import type { FastifyRequest } from 'fastify'
import type { Access } from '../contract/endpoints.ts'
import { HalftoneError } from '../core/error.ts'
import type { Caller } from '../gateway/execution.ts'
import type { Identity, KeyRing } from './key-ring.ts'

export const SESSION_COOKIE = 'halftone_session'
export const CSRF_HEADER = 'x-halftone-csrf'

/** Undefined for public endpoints. Throws 401 without a valid key and 403 with one that may not. */
export async function authenticate(request: FastifyRequest, access: Access, keys: KeyRing): Promise<Identity | undefined> {
  if (access === 'none') return undefined
  const identity = await identify(request, keys)
  if (access === 'admin' && identity.key.role !== 'admin') throw new HalftoneError('forbidden', 'This path needs an admin key.')
  return identity
}

async function identify(request: FastifyRequest, keys: KeyRing): Promise<Identity> {
  const bearer = bearerOf(request.headers.authorization)
  if (bearer !== undefined) return keys.authenticate(bearer)
  const cookie = cookieOf(request.headers.cookie, SESSION_COOKIE)
  if (cookie === undefined) {
    throw new HalftoneError('missing_api_key', 'No API key: send the header "Authorization: Bearer <key>".')
  }
  // A cookie travels by itself: a state-changing request must also carry a header that no form and no foreign page can set.
  if (request.method !== 'GET' && request.headers[CSRF_HEADER] === undefined) {
    throw new HalftoneError('forbidden', `Requests by session need the header ${CSRF_HEADER}.`)
  }
  return keys.authenticateSession(cookie)
}

export function bearerOf(header: string | undefined): string | undefined {
  const match = /^Bearer\s+(\S{1,512})\s*$/i.exec(header ?? '')
  if (match) return match[1]
  if (header !== undefined)
    throw new HalftoneError('invalid_api_key', 'The Authorization header is not of the form "Bearer <key>".')
  return undefined
}

export function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const [key, ...value] = pair.trim().split('=')
    if (key === name) return value.join('=')
  }
  return undefined
}

export const callerOf = ({ key, project }: Identity): Caller => ({
  keyId: key.id,
  projectId: project.id,
  tags: { ...project.tags, ...key.tags },
  promptMode: project.promptMode,
  assetTtlDays: project.assetTtlDays,
  ...(key.allowedModels && { allowedModels: key.allowedModels }),
})
