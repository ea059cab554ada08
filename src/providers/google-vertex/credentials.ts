/**
 * How an account proves itself to Google Cloud: a service account's key file (its JSON text), exchanged for short-lived tokens
 * as RFC 7523 has it, or an access token as it is.
 */
import { createSign } from 'node:crypto'
import { HalftoneError } from '../../core/error.ts'
import type { JsonValue } from '../../core/json.ts'
import type { Authorizer, AuthorizerDeps } from '../define-provider.ts'
import { createTokenSource } from '../kit/access-token.ts'
import { asObject, asText } from '../kit/read.ts'

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform'
const TOKEN_URI = 'https://oauth2.googleapis.com/token'
const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer'
const LIFETIME_SECONDS = 3600

interface ServiceAccount {
  readonly email: string
  readonly privateKey: string
  readonly keyId?: string
  readonly tokenUri: string
}

/** Throws `config_invalid` for a key that looks like a key file and is none; `account` is the name under `providers`. */
export function createGoogleAuthorizer(key: string | undefined, account: string, deps: AuthorizerDeps): Authorizer {
  const token = key?.trim().startsWith('{') ? serviceAccountTokens(readKeyFile(key, account), account, deps) : undefined
  return {
    async authorize(_, signal) {
      const bearer = token ? await token(signal) : key
      return bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }
    },
  }
}

function serviceAccountTokens(
  { email, privateKey, keyId, tokenUri }: ServiceAccount,
  account: string,
  { nowUs, postForm }: AuthorizerDeps,
): (signal: AbortSignal) => Promise<string> {
  const url = new URL(tokenUri)
  const assertion = (): string => {
    const now = Math.floor(nowUs() / 1_000_000)
    const header = { alg: 'RS256', typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) }
    const claims = { iss: email, scope: SCOPE, aud: tokenUri, iat: now, exp: now + LIFETIME_SECONDS }
    const unsigned = `${encoded(header)}.${encoded(claims)}`
    try {
      return `${unsigned}.${createSign('RSA-SHA256').update(unsigned).sign(privateKey, 'base64url')}`
    } catch (cause) {
      throw new HalftoneError('provider_auth', `providers.${account}.apiKey: its private_key cannot sign.`, { cause })
    }
  }
  const exchange = async (signal: AbortSignal): Promise<JsonValue> =>
    postForm(url, { grant_type: GRANT, assertion: assertion() }, signal)
  return createTokenSource({ host: url.host, exchange, nowUs })
}

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function readKeyFile(text: string, account: string): ServiceAccount {
  const wrong = (what: string): never => {
    throw new HalftoneError('config_invalid', `providers.${account}.apiKey ${what}; use the whole key file of a service account.`)
  }
  const file = asObject(parsed(text)) ?? wrong('starts as JSON and is none')
  const email = asText(file['client_email']) ?? wrong('has no client_email')
  const privateKey = asText(file['private_key']) ?? wrong('has no private_key')
  const keyId = asText(file['private_key_id'])
  const tokenUri = asText(file['token_uri']) ?? TOKEN_URI
  if (!URL.canParse(tokenUri)) wrong('has a token_uri that is no URL')
  return { email, privateKey, tokenUri, ...(keyId === undefined ? {} : { keyId }) }
}

/** Undefined for what is no JSON; the reason would quote the key. */
function parsed(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return undefined
  }
}
