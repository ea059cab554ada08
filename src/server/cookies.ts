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

/**
 * `secure`: the browser speaks https with us. Then a cookie without the prefix is none of ours: any other host of the same domain, or
 * somebody on the way of a plain http request, can have set it, to make a person work in a session that is not theirs.
 */
export const readCookie = (
  { headers }: Pick<FastifyRequest, 'headers'>,
  name: string,
  { secure }: Pick<CookieOptions, 'secure'>,
): string | undefined => cookieOf(headers.cookie, secure ? HOST_PREFIX + name : name)

function cookieOf(header: string | undefined, name: string): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const [key, ...value] = pair.trim().split('=')
    if (key === name) return value.join('=')
  }
  return undefined
}
