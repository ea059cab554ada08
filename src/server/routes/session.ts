/** Sign-in by key and by identity provider, sessions. */
import type { FastifyReply } from 'fastify'
import type { z } from 'zod'
import type { SessionWire, signInRequest, startOidcQuery } from '../../contract/access.ts'
import { maySignIn, permissionsOf, reachOf } from '../../core/access/roles.ts'
import { HalftoneError } from '../../core/error.ts'
import { requireSameSite, sessionTokenOf } from '../authenticate.ts'
import { cookie, LOGIN_COOKIE, readCookie, SESSION_COOKIE } from '../cookies.ts'
import { type Call, callerIdentity, type Handler } from '../handler.ts'
import type { Identity } from '../key-ring.ts'
import { LOGIN_SECONDS } from '../oidc.ts'
import { isHttps, publicOrigin } from '../origin.ts'
import { isoTime } from '../wire.ts'

export const getSession: Handler = async (call) => sessionWire(callerIdentity(call))

export const signIn: Handler = async (call) => {
  const { context, request } = call
  const { key } = call.body as z.infer<typeof signInRequest>
  const attempt = { address: request.ip, key }
  context.throttle.check(attempt)
  try {
    const identity = await context.keys.authenticate(key)
    if (!maySignIn(identity.key.role))
      throw new HalftoneError('forbidden', 'This key is for an application; the dashboard needs the key of a person.')
    return sessionWire(await begin(call, { kind: 'key', identity, address: request.ip }))
  } catch (error) {
    if (error instanceof HalftoneError && context.throttle.failed(attempt)) await recordFailure(call, 'key', error)
    throw error
  }
}

/** Start the session and hand out its cookie. */
async function begin(
  { context, request, reply }: Call,
  who: Parameters<Call['context']['sessions']['start']>[0],
): Promise<Identity> {
  const before = sessionTokenOf(request, context.settings)
  const { role, id, name } = who.kind === 'key' ? who.identity.key : { role: '', id: who.subject, name: who.name }
  const { token, identity } = await context.acting.run({ id, name, role, address: request.ip }, async () => {
    // One browser, one session: the one before is of no use to anybody but a thief.
    if (before !== undefined) await context.sessions.endByToken(before)
    return context.sessions.start(who)
  })
  reply.header(
    'set-cookie',
    cookie(SESSION_COOKIE, token, sessionCookie(isHttps(request, context.settings), context.settings.sessions.maxSeconds)),
  )
  return identity
}

export const signOut: Handler = async (call) => {
  const { context, request, reply } = call
  const token = sessionTokenOf(request, context.settings)
  if (token !== undefined) {
    requireSameSite(request)
    const end = () => context.sessions.endByToken(token)
    // A session that is over already ends without a row; whoever is still there is the one who did it.
    const identity = await context.sessions.authenticate(token).catch(() => undefined)
    const { id = '', name = '', role = '' } = identity?.key ?? {}
    await (identity ? context.acting.run({ id, name, role, address: request.ip }, end) : end())
  }
  reply.header('set-cookie', cookie(SESSION_COOKIE, '', sessionCookie(isHttps(request, context.settings), 0)))
  return { id: 'session', deleted: true }
}

export const getSignInOptions: Handler = async ({ context }) => {
  const oidc = context.oidc.settings()
  return { object: 'sign_in_options', key: true, oidc: oidc ? { name: oidc.name, url: '/v1/halftone/oidc/start' } : null }
}

const CALLBACK_PATH = '/v1/halftone/oidc/callback'

export const startOidc: Handler = async (call) => {
  const { context, request, reply } = call
  const { to = '/' } = call.query as z.infer<typeof startOidcQuery>
  context.throttle.check({ address: request.ip })
  const origin = publicOrigin(request, context.settings)
  try {
    const { url, sealed } = await context.oidc.start({ redirectUri: origin + CALLBACK_PATH, to: ownPath(to) })
    const options = { secure: isHttps(request, context.settings), sameSite: 'Lax', maxAgeSeconds: LOGIN_SECONDS } as const
    reply
      .header('set-cookie', cookie(LOGIN_COOKIE, sealed, options))
      .header('cache-control', 'no-store')
      .redirect(url, 302)
  } catch (error) {
    refuse(reply, error)
  }
  return undefined
}

/**
 * The answer is a page of our own that leads on, not a redirect: a redirect would still count as coming from the identity
 * provider, and a cookie of SameSite=Strict would stay behind.
 */
export const finishOidc: Handler = async (call) => {
  const { context, request, reply } = call
  const origin = publicOrigin(request, context.settings)
  const secure = isHttps(request, context.settings)
  const attempt = { address: request.ip }
  reply.header('set-cookie', cookie(LOGIN_COOKIE, '', { secure, sameSite: 'Lax', maxAgeSeconds: 0 }))
  try {
    context.throttle.check(attempt)
    const url = new URL(request.url, origin)
    const person = await context.oidc.finish({ url, sealed: readCookie(request, LOGIN_COOKIE, { secure }) })
    await begin(call, { kind: 'oidc', address: request.ip, ...person })
    reply.headers({ 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).send(bounce(ownPath(person.to)))
  } catch (error) {
    if (error instanceof HalftoneError && error.code !== 'rate_limit_exceeded' && context.throttle.failed(attempt))
      await recordFailure(call, 'oidc', error)
    refuse(reply, error)
  }
  return undefined
}

/** A person looks at this: back to the sign-in page, which says what the code means. */
function refuse(reply: FastifyReply, error: unknown): void {
  if (!(error instanceof HalftoneError)) throw error
  reply.header('cache-control', 'no-store').redirect(`/sign-in?error=${encodeURIComponent(error.code)}`, 302)
}

function bounce(to: string): string {
  const href = to.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;')
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Signed in</title><meta http-equiv="refresh" content="0;url=${href}"><p>Signed in. <a href="${href}">Go on</a></p></html>`
}

/** A path of this dashboard, whatever was asked for; `/\host` and control characters are other origins to some browsers. */
export function ownPath(to: string): string {
  const base = 'http://own.invalid'
  const url = /^\/(?![/\\])[\x21-\x7e]*$/.test(to) ? URL.parse(to, base) : null
  return url?.origin === base ? url.pathname.replace(/^\/+/, '/') + url.search + url.hash : '/'
}

/** Nothing that was typed: a password in the wrong field would be kept for good. */
function recordFailure({ context, request }: Call, by: 'key' | 'oidc', { code }: HalftoneError): Promise<void> {
  const actor = { id: '', name: 'nobody', role: '', address: request.ip }
  return context.acting.run(actor, () =>
    context.services.ledger.access.recordAudit({ action: 'session.refuse', objectId: '', data: { by, code } }),
  )
}

export const listSessions: Handler = async (call) => {
  const { ledger, clock } = call.context.services
  const { sessionId } = callerIdentity(call)
  const rows = await ledger.access.sessions(clock.nowUs())
  const data = rows.map((row) => ({
    id: row.id,
    name: row.name,
    subject: row.subject,
    by: row.keyId === null ? 'oidc' : 'key',
    address: row.address,
    created_at: isoTime(row.createdUs),
    seen_at: isoTime(row.seenUs),
    expires_at: isoTime(row.expiresUs),
    current: row.id === sessionId,
  }))
  return { object: 'list', data }
}

export const endSession: Handler = async ({ context, params }) => {
  const id = params['id'] ?? ''
  if (!(await context.sessions.end(id)))
    throw new HalftoneError('not_found', `There is no open session "${id.slice(0, 64)}".`, { param: 'id' })
  return { id, deleted: true }
}

const sessionCookie = (secure: boolean, maxAgeSeconds: number) => ({ secure, maxAgeSeconds, sameSite: 'Strict' }) as const

const sessionWire = ({ key, project }: Identity): SessionWire => ({
  object: 'session',
  role: key.role,
  permissions: [...permissionsOf(key.role)],
  reach: reachOf(key.role),
  project_id: project.id,
  project_name: project.name,
  key_id: key.id,
  key_name: key.name,
})
