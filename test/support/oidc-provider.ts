/** A real identity provider on loopback: whoever types a name is that person, with the claims the test gave. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import Provider from 'oidc-provider'

export interface TestIdentityProvider {
  readonly issuer: string
  /** Requests it answered, as `METHOD /path`. */
  readonly seen: readonly string[]
  close(): Promise<void>
}

export const CLIENT = { clientId: 'halftone', clientSecret: 'a-client-secret-of-tests' }

/** `redirectUri` is asked when a client comes: the gateway has no port before. */
export async function startIdentityProvider(options: {
  readonly people: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  readonly redirectUri: string
}): Promise<TestIdentityProvider> {
  const seen: string[] = []
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT.clientId,
        client_secret: CLIENT.clientSecret,
        redirect_uris: [options.redirectUri],
        token_endpoint_auth_method: 'client_secret_post',
      },
    ],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
    cookies: { keys: ['a-cookie-key-of-tests'] },
    pkce: { required: () => true },
    findAccount: (_context, id) => ({
      accountId: id,
      claims: () => ({ sub: id, ...options.people[id] }),
    }),
  })
  const answer = provider.callback()
  server.on('request', (request, response) => {
    seen.push(`${request.method} ${(request.url ?? '').split('?')[0]}`)
    void answer(request, response)
  })
  return {
    issuer,
    seen,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
