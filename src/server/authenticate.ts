/** Authentication of every route, from the endpoint table's `access`. */
import type { FastifyRequest } from 'fastify'
import type { Access } from '../contract/endpoints.ts'
import { mayDo } from '../core/access/roles.ts'
import { HalftoneError } from '../core/error.ts'
import type { Caller } from '../gateway/execution.ts'
import type { ServerSettings } from './context.ts'
import { readCookie, SESSION_COOKIE } from './cookies.ts'
import type { Identity, KeyRing } from './key-ring.ts'
import { isHttps } from './origin.ts'
import type { Sessions } from './sessions.ts'

export const CSRF_HEADER = 'x-halftone-csrf'

export interface Doors {
  readonly keys: KeyRing
  readonly sessions: Pick<Sessions, 'authenticate'>
  readonly settings: Pick<ServerSettings, 'publicUrl'>
}

/** Undefined for public endpoints. Throws 401 without a valid key or session, and 403 with one that may not. */
export async function authenticate(request: FastifyRequest, access: Access, doors: Doors): Promise<Identity | undefined> {
  if (access === 'none') return undefined
  const identity = await identify(request, doors)
  const { role } = identity.key
  if (access === 'inference') return identity
  if (access === 'admin') {
    if (role !== 'admin') throw new HalftoneError('forbidden', 'This path needs the role admin.')
  } else if (!mayDo(role, access)) {
    throw new HalftoneError('forbidden', `This path needs the permission ${access}, which the role ${role} does not have.`)
  }
  return identity
}

/** The same for a caller whose answer goes on: keys are revoked, sessions end, and roles change while it does. */
export const lookAgain = (
  request: FastifyRequest,
  access: Access,
  { sessions, ...doors }: Doors & { readonly sessions: Sessions },
): Promise<Identity | undefined> => authenticate(request, access, { ...doors, sessions: { authenticate: sessions.look } })

async function identify(request: FastifyRequest, { keys, sessions, settings }: Doors): Promise<Identity> {
  const bearer = bearerOf(request.headers.authorization)
  if (bearer !== undefined) return keys.authenticate(bearer)
  const token = sessionTokenOf(request, settings)
  if (token === undefined) {
    throw new HalftoneError('missing_api_key', 'No API key: send the header "Authorization: Bearer <key>".')
  }
  requireSameSite(request)
  return sessions.authenticate(token)
}

export const sessionTokenOf = (request: FastifyRequest, settings: Doors['settings']): string | undefined =>
  readCookie(request, SESSION_COOKIE, { secure: isHttps(request, settings) })

/** A cookie travels by itself: a state-changing request must also carry a header that no form and no foreign page can set. */
export function requireSameSite(request: FastifyRequest): void {
  const reads = request.method === 'GET' || request.method === 'HEAD'
  if (!reads && request.headers[CSRF_HEADER] === undefined)
    throw new HalftoneError('forbidden', `Requests by session (cookie ${SESSION_COOKIE}) need the header ${CSRF_HEADER}.`)
}

export function bearerOf(header: string | undefined): string | undefined {
  const match = /^Bearer\s+(\S{1,512})\s*$/i.exec(header ?? '')
  if (match) return match[1]
  if (header !== undefined)
    throw new HalftoneError('invalid_api_key', 'The Authorization header is not of the form "Bearer <key>".')
  return undefined
}

export const callerOf = ({ key, project }: Identity): Caller => ({
  keyId: key.id,
  projectId: project.id,
  tags: { ...project.tags, ...key.tags },
  promptMode: project.promptMode,
  assetTtlDays: project.assetTtlDays,
  ...(project.contentTtlDays !== undefined && { contentTtlDays: project.contentTtlDays }),
  ...(project.recordsTtlDays !== undefined && { recordsTtlDays: project.recordsTtlDays }),
  ...(key.allowedModels && { allowedModels: key.allowedModels }),
})
