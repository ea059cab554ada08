/**
 * Sign-in at an identity provider: authorization code with PKCE, state and nonce. What must survive the way there and back
 * is sealed in a cookie of its own, so that any node can finish what another began.
 */
import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto'
import type { Configuration, IDToken, UserInfoResponse } from 'openid-client'
import { type RoleClaims, roleClaims, ruleFor } from '../core/access/claims.ts'
import { HalftoneError } from '../core/error.ts'
import type { Clock } from '../ports/clock.ts'
import type { SessionSettings } from './sessions.ts'

export interface OidcSettings {
  /** On the button. */
  readonly name: string
  readonly issuer: string
  readonly clientId: string
  /** Absent: a public client. */
  readonly clientSecret?: { reveal(): string }
  readonly scopes: readonly string[]
  readonly groupsClaim: string
  readonly trustUnverifiedEmail: boolean
  readonly timeoutMs: number
}

export interface Oidc {
  /** Undefined when none is configured. */
  readonly settings: () => OidcSettings | undefined
  /** Where to send the browser, and what to give it along. Throws `sign_in_failed` when the provider cannot be reached. */
  start(way: { readonly redirectUri: string; readonly to: string }): Promise<{ readonly url: string; readonly sealed: string }>
  /** Throws `sign_in_failed`, or `forbidden` for somebody without a role here. */
  finish(back: { readonly url: URL; readonly sealed: string | undefined }): Promise<OidcPerson>
}

export interface OidcPerson {
  readonly subject: string
  readonly name: string
  readonly claims: RoleClaims
  readonly to: string
}

/** Time to type a password and look for a phone. */
export const LOGIN_SECONDS = 600

interface Pending {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly to: string
  readonly untilUs: number
  readonly issuer: string
}

export interface OidcOptions {
  readonly settings: () => OidcSettings | undefined
  readonly roles: () => SessionSettings['roles']
  /** 32 bytes. */
  readonly sealingKey: Uint8Array
  readonly clock: Clock
}

export function createOidc({ settings, roles, sealingKey, clock }: OidcOptions): Oidc {
  let discovered: { readonly of: string; readonly configuration: Promise<Configuration> } | undefined

  /** Asked for at the first sign-in, and again after a failure or a change of the configuration. */
  async function configurationOf(current: OidcSettings): Promise<Configuration> {
    const of = JSON.stringify([current.issuer, current.clientId, current.clientSecret?.reveal(), current.timeoutMs])
    if (discovered?.of !== of) discovered = { of, configuration: discover(current) }
    const mine = discovered
    try {
      return await mine.configuration
    } catch (error) {
      if (discovered === mine) discovered = undefined
      throw failed('The identity provider could not be reached.', error)
    }
  }

  const required = (): OidcSettings => {
    const current = settings()
    if (!current) throw new HalftoneError('not_found', 'No identity provider is configured; sign in with a key.')
    return current
  }

  return {
    settings,
    async start({ redirectUri, to }) {
      const current = required()
      const client = await import('openid-client')
      const configuration = await configurationOf(current)
      const pending: Pending = {
        state: client.randomState(),
        nonce: client.randomNonce(),
        verifier: client.randomPKCECodeVerifier(),
        to,
        untilUs: clock.nowUs() + LOGIN_SECONDS * 1_000_000,
        issuer: current.issuer,
      }
      const url = client.buildAuthorizationUrl(configuration, {
        redirect_uri: redirectUri,
        scope: current.scopes.join(' '),
        response_type: 'code',
        state: pending.state,
        nonce: pending.nonce,
        code_challenge: await client.calculatePKCECodeChallenge(pending.verifier),
        code_challenge_method: 'S256',
      })
      return { url: url.href, sealed: seal(pending, sealingKey) }
    },
    async finish({ url, sealed }) {
      const current = required()
      const pending = sealed === undefined ? undefined : unseal(sealed, sealingKey)
      if (!pending || pending.untilUs <= clock.nowUs() || pending.issuer !== current.issuer)
        throw failed('This sign-in was not begun in this browser, or too long ago; begin again.')
      const claims = await claimsOf(await configurationOf(current), url, pending)
      const wanted = roleClaims(claims, current)
      const person: OidcPerson = {
        subject: subjectId(current.issuer, claims.sub),
        name: displayName(claims),
        claims: onlyNamed(wanted, roles()),
        to: pending.to,
      }
      if (!ruleFor(wanted, roles()))
        throw new HalftoneError('forbidden', `${person.name} has no role here; an administrator gives one in server.oidc.roles.`)
      return person
    },
  }
}

async function discover({ issuer, clientId, clientSecret, timeoutMs }: OidcSettings): Promise<Configuration> {
  const client = await import('openid-client')
  const url = new URL(issuer)
  // The configuration allows plain http for this machine alone.
  const execute = url.protocol === 'http:' ? [client.allowInsecureRequests] : []
  const authentication = clientSecret ? client.ClientSecretPost(clientSecret.reveal()) : client.None()
  return client.discovery(url, clientId, undefined, authentication, { execute, timeout: timeoutMs / 1_000 })
}

/** Of the id token, completed by what the provider says when it is asked about the same person. */
async function claimsOf(configuration: Configuration, url: URL, pending: Pending): Promise<IDToken & Partial<UserInfoResponse>> {
  const client = await import('openid-client')
  try {
    const tokens = await client.authorizationCodeGrant(configuration, url, {
      pkceCodeVerifier: pending.verifier,
      expectedState: pending.state,
      expectedNonce: pending.nonce,
      idTokenExpected: true,
    })
    const token = tokens.claims()
    if (!token) throw new Error('There is no id token.')
    if (configuration.serverMetadata().userinfo_endpoint === undefined) return token
    return { ...(await client.fetchUserInfo(configuration, tokens.access_token, token.sub)), ...token }
  } catch (error) {
    throw failed('The identity provider did not confirm this sign-in; begin again.', error)
  }
}

const failed = (message: string, cause?: unknown): HalftoneError => new HalftoneError('sign_in_failed', message, { cause })

/** Short, the same at each sign-in, and never that of a key. */
const subjectId = (issuer: string, subject: string): string =>
  `oidc-${createHash('sha256').update(`${issuer}\n${subject}`).digest('hex').slice(0, 24)}`

const MAX_NAME = 128

function displayName({
  name,
  preferred_username: username,
  email,
  sub,
}: Partial<UserInfoResponse> & { readonly sub: string }): string {
  return (
    [name, username, email].find((text) => typeof text === 'string' && text.trim() !== '')?.slice(0, MAX_NAME) ??
    sub.slice(0, MAX_NAME)
  )
}

/** Groups that no rule names are nobody's business, and may be hundreds. */
const onlyNamed = (claims: RoleClaims, roles: SessionSettings['roles']): RoleClaims => ({
  ...claims,
  groups: claims.groups.filter((group) => roles.some(({ groups }) => groups.includes(group))),
})

const IV_BYTES = 12
const TAG_BYTES = 16

function seal(pending: Pending, key: Uint8Array): string {
  const iv = randomBytes(IV_BYTES)
  const cipher = createCipheriv('aes-256-gcm', key, iv)
  const text = Buffer.concat([cipher.update(JSON.stringify(pending), 'utf8'), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url')
}

/** Undefined for what this gateway did not seal. */
function unseal(sealed: string, key: Uint8Array): Pending | undefined {
  const bytes = Buffer.from(sealed, 'base64url')
  if (bytes.length <= IV_BYTES + TAG_BYTES) return undefined
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES })
  decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES))
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES)), decipher.final()])
    // Authenticated: only `seal` writes these.
    return JSON.parse(text.toString('utf8')) as Pending
  } catch {
    return undefined
  }
}
