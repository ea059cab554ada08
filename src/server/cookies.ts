/** Cookies: how they are written, and read back. */
import type { FastifyRequest } from 'fastify'

export const SESSION_COOKIE = 'halftone_session'
/** Lives for the minutes between going to the identity provider and coming back. */
export const LOGIN_COOKIE = 'halftone_login'

/** Only a page of this host, over https, can set a cookie of this name. Over plain http browsers refuse it. */
const HOST_PREFIX = '__Host-'

export interface CookieOptions {
  readonly secure: boolean
  /** 0 deletes it. */
  readonly maxAgeSeconds: number
  /** `Lax` is sent when another site leads here; `Strict` is not. */
  readonly sameSite: 'Strict' | 'Lax'
}

export function cookie(name: string, value: string, { secure, maxAgeSeconds, sameSite }: CookieOptions): string {
  const prefixed = secure ? HOST_PREFIX + name : name
  return `${prefixed}=${value}; Path=/; HttpOnly; SameSite=${sameSite}; Max-Age=${maxAgeSeconds}${secure ? '; Secure' : ''}`
}

/** One that only this host can have set comes first. */
export const readCookie = ({ headers }: Pick<FastifyRequest, 'headers'>, name: string): string | undefined =>
  cookieOf(headers.cookie, HOST_PREFIX + name) ?? cookieOf(headers.cookie, name)

export const sessionTokenOf = (request: Pick<FastifyRequest, 'headers'>): string | undefined =>
  readCookie(request, SESSION_COOKIE)

function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const [key, ...value] = pair.trim().split('=')
    if (key === name) return value.join('=')
  }
  return undefined
}
