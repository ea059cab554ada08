/** Keys of a resource, tokens of Microsoft Entra ID, and client secrets that buy such tokens. */
import type { JsonObject } from '../../core/json.ts'
import type { Authorizer, AuthorizerDeps } from '../define-provider.ts'
import { createTokenSource } from '../kit/access-token.ts'
import { asObject, asText } from '../kit/read.ts'

const AUTHORITY = 'https://login.microsoftonline.com'
const SCOPE = 'https://cognitiveservices.azure.com/.default'

/** A JSON Web Token, which no resource key looks like. */
const TOKEN = /^eyJ[\w-]+\.[\w-]+\.[\w-]*$/

/** With `options.entra` the account's key is a client secret; else it is a token by its form, or a key. */
export function createAzureAuthorizer(
  apiKey: string | undefined,
  options: JsonObject | undefined,
  { postForm, nowUs }: AuthorizerDeps,
): Authorizer {
  const entra = asObject(options?.['entra'])
  if (apiKey === undefined) return { authorize: () => Promise.resolve({}) }
  if (!entra) {
    const headers: Readonly<Record<string, string>> = TOKEN.test(apiKey)
      ? { authorization: `Bearer ${apiKey}` }
      : { 'api-key': apiKey }
    return { authorize: () => Promise.resolve(headers) }
  }
  const url = new URL(`${asText(entra['authority']) ?? AUTHORITY}/${asText(entra['tenantId'])}/oauth2/v2.0/token`)
  const form = {
    grant_type: 'client_credentials',
    client_id: asText(entra['clientId']) ?? '',
    client_secret: apiKey,
    scope: SCOPE,
  }
  const token = createTokenSource({ host: url.host, exchange: (signal) => postForm(url, form, signal), nowUs })
  return { authorize: async (_, signal) => ({ authorization: `Bearer ${await token(signal)}` }) }
}
