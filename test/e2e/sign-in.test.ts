/** Signing in: by key, and at a real identity provider in a real browser. */
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CHROMIUM_INSTALL_TIMEOUT_MS, launchChromium } from '../support/chromium.ts'
import { freePort } from '../support/free-port.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'
import { CLIENT, startIdentityProvider, type TestIdentityProvider } from '../support/oidc-provider.ts'
import { createTestDatabase } from '../support/test-database.ts'

let gateway: TestGateway
let provider: TestIdentityProvider

const people = {
  ann: { name: 'Ann <b>Money</b>', email: 'ann@acme.test', email_verified: true, groups: ['halftone-finance', 'other'] },
  olga: { name: 'Olga', email: 'olga@shop.acme.test', email_verified: true, groups: [] },
  mallory: { name: 'Mallory', email: 'mal@shop.acme.test', email_verified: false, groups: ['guests'] },
}
const rules = [
  { role: 'finance', groups: ['halftone-finance'] },
  { role: 'project_owner', project: 'shop', emails: ['*@shop.acme.test'] },
]

const oidc = (roles: readonly object[] = rules) => ({
  name: 'Acme SSO',
  issuer: provider.issuer,
  ...CLIENT,
  scopes: ['openid', 'profile', 'email', 'groups'],
  roles,
})
const config = (roles?: readonly object[]) => ({
  server: { oidc: oidc(roles) },
  sandbox: { latencyScale: 0 },
  projects: { shop: {} },
})

beforeAll(async () => {
  const port = await freePort()
  const redirectUri = `http://127.0.0.1:${port}/v1/halftone/oidc/callback`
  provider = await startIdentityProvider({ people, redirectUri })
  gateway = await startTestGateway({ config: config(), env: { HALFTONE_PORT: String(port) } })
})

afterAll(async () => {
  await gateway?.close()
  await provider?.close()
})

const CSRF = { 'x-halftone-csrf': '1' }
const signIn = (key: string) => gateway.call('/v1/halftone/session', { key: null, body: { key } })
const cookieOf = (headers: Headers): string =>
  headers
    .getSetCookie()
    .find((each) => each.includes('halftone_session='))
    ?.split(';')[0] ?? ''
const who = (cookie: string) => gateway.call('/v1/halftone/session', { key: null, headers: { cookie } })
const audit = async (action: string) =>
  (await gateway.call<{ data: Record<string, unknown>[] }>(`/v1/halftone/audit?action=${action}`)).body.data

describe('sign-in by key', () => {
  it.each(['admin', 'operator', 'finance', 'project_owner'])('%s gets a session that says what it may do', async (role) => {
    const { secret } = await gateway.createKey({ name: `a ${role}`, role })
    const { status, headers, body } = await signIn(secret)
    expect([status, body['role']]).toEqual([200, role])
    expect(headers.get('set-cookie')).toMatch(/^halftone_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=43200$/)
    expect((await who(cookieOf(headers))).body).toMatchObject({ role, key_name: `a ${role}`, permissions: body['permissions'] })
  })

  it("an application's key does not sign in", async () => {
    const { secret } = await gateway.createKey({ name: 'app' })
    expect((await signIn(secret)).status).toBe(403)
  })

  it('over https the cookie is Secure and can be set by this host alone', async () => {
    const proxied = await startTestGateway({ config: { server: { publicUrl: 'https://images.acme.test' } } })
    try {
      const { headers } = await proxied.call('/v1/halftone/session', { key: null, body: { key: proxied.adminKey } })
      expect(headers.get('set-cookie')).toMatch(
        /^__Host-halftone_session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict; .*; Secure$/,
      )
    } finally {
      await proxied.close()
    }
  })

  it.each([
    ['a public address', { publicUrl: 'https://images.acme.test' }, {}],
    ['a trusted proxy', { trustedProxies: ['127.0.0.1', '::1'] }, { 'x-forwarded-proto': 'https' }],
  ])('over https (%s) a cookie that another host of the domain can set is nobody', async (_, server, headers) => {
    const proxied = await startTestGateway({ config: { server } })
    try {
      const started = await proxied.call('/v1/halftone/session', { key: null, headers, body: { key: proxied.adminKey } })
      const token = cookieOf(started.headers).split('=')[1]
      const open = async (cookie: string) =>
        (await proxied.call('/v1/halftone/session', { key: null, headers: { ...headers, cookie } })).status
      expect(await open(`__Host-halftone_session=${token}`)).toBe(200)
      expect(await open(`halftone_session=${token}`)).toBe(401)
      expect(await open(`halftone_session=${token}; __Host-halftone_session=${'a'.repeat(43)}`)).toBe(401)
    } finally {
      await proxied.close()
    }
  })

  it('a proxy that is not trusted does not make it https', async () => {
    const headers = { 'x-forwarded-proto': 'https' }
    const started = await gateway.call('/v1/halftone/session', { key: null, headers, body: { key: gateway.adminKey } })
    expect(cookieOf(started.headers)).toMatch(/^halftone_session=/)
    expect((await who(cookieOf(started.headers))).status).toBe(200)
  })

  it('signing out ends the session itself, not only the cookie; the header no foreign page can set is needed', async () => {
    const cookie = cookieOf((await signIn(gateway.adminKey)).headers)
    const out = (headers: object) =>
      gateway.call('/v1/halftone/session', { key: null, method: 'DELETE', headers: { cookie, ...headers } })
    expect((await out({})).status).toBe(403)
    expect((await who(cookie)).status).toBe(200)
    expect((await out(CSRF)).status).toBe(200)
    expect((await who(cookie)).status).toBe(401)
  })

  it('revoking the key ends its sessions', async () => {
    const { id, secret } = await gateway.createKey({ name: 'leaver', role: 'operator' })
    const cookie = cookieOf((await signIn(secret)).headers)
    expect((await who(cookie)).status).toBe(200)
    await gateway.call(`/v1/halftone/keys/${id}`, { method: 'DELETE' })
    expect((await who(cookie)).status).toBe(401)
  })

  it('an admin sees who is signed in and ends sessions', async () => {
    const { secret } = await gateway.createKey({ name: 'watched', role: 'finance' })
    const cookie = cookieOf((await signIn(secret)).headers)
    const { body } = await gateway.call<{ data: { id: string; name: string; by: string }[] }>('/v1/halftone/sessions')
    const session = body.data.find(({ name }) => name === 'watched')
    expect(session).toMatchObject({ by: 'key' })
    expect((await gateway.call(`/v1/halftone/sessions/${session?.id}`, { method: 'DELETE' })).status).toBe(200)
    expect((await who(cookie)).status).toBe(401)
  })

  it.each(['', 'x', 'a'.repeat(43), `${'a'.repeat(64)}.9999999999.x`])('a made-up cookie is nobody: %s', async (token) => {
    expect((await who(`halftone_session=${token}`)).status).toBe(401)
  })

  it('failures are slowed down by address and by the beginning of the key, and written down without what was typed', async () => {
    const guessed = await startTestGateway()
    try {
      const guess = (key: string) => guessed.call('/v1/halftone/session', { key: null, body: { key } })
      for (let round = 0; round < 10; round += 1) expect((await guess(`ht-guess${round}-secret`)).status).toBe(401)
      const { status, headers } = await guess('ht-another')
      expect(status).toBe(429)
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0)
      const log = await guessed.call<{ data: Record<string, unknown>[] }>('/v1/halftone/audit?action=session.refuse')
      expect(log.body.data).toHaveLength(10)
      expect(log.body.data[0]).toMatchObject({
        data: { by: 'key', code: 'invalid_api_key' },
        address: expect.stringMatching(/127|::1/),
      })
      expect(JSON.stringify(log.body)).not.toContain('guess')
    } finally {
      await guessed.close()
    }
  })

  it('pages may run no inline script', async () => {
    const { headers } = await gateway.call('/healthz', { key: null })
    const policy = headers.get('content-security-policy') ?? ''
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toContain('unsafe')
    expect(policy).toContain("frame-ancestors 'none'")
  })
})

describe('sign-in at the identity provider', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await launchChromium()
  }, CHROMIUM_INSTALL_TIMEOUT_MS)
  afterAll(() => browser?.close())

  /** The whole way, as a person goes it; where it ended. */
  async function goThrough(person: string, to = '/requests?outcome=failed') {
    const context = await browser.newContext()
    const page = await context.newPage()
    await page.goto(`${gateway.url}/v1/halftone/oidc/start?to=${encodeURIComponent(to)}`)
    await page.fill('[name=login]', person)
    await page.fill('[name=password]', 'anything')
    await page.click('[type=submit]')
    // The provider asks for consent.
    await page.click('[type=submit]')
    await page.waitForURL((url) => url.href.startsWith(gateway.url) && !url.pathname.startsWith('/v1/'))
    const session = await page.evaluate(
      async () => (await (await fetch('/v1/halftone/session')).json()) as Record<string, unknown>,
    )
    return { context, page, session, url: page.url() }
  }

  it('a group gives its role; the way back leads where one wanted to go, with a cookie that scripts and other sites never get', async () => {
    const { context, session, url, page } = await goThrough('ann')
    expect(session).toMatchObject({ role: 'finance', key_name: 'Ann <b>Money</b>', key_id: expect.stringMatching(/^oidc-/) })
    expect(url).toBe(`${gateway.url}/requests?outcome=failed`)
    // Hosts share cookies across ports: the provider's own are there too.
    const cookies = (await context.cookies(gateway.url)).filter(({ name }) => name.startsWith('halftone'))
    expect(cookies).toEqual([expect.objectContaining({ name: 'halftone_session', httpOnly: true, sameSite: 'Strict' })])
    expect(await page.evaluate('document.cookie')).toBe('')
    expect((await audit('session.start'))[0]).toMatchObject({ actor: 'Ann <b>Money</b>', data: { by: 'oidc' } })
    await context.close()
  }, 60_000)

  it('a verified address gives a role for a project', async () => {
    const { context, session } = await goThrough('olga', 'https://evil.test/')
    expect(session).toMatchObject({ role: 'project_owner', project_id: 'shop', reach: 'project' })
    await context.close()
  }, 60_000)

  it('somebody no rule names is turned away, and an address nobody verified names nobody', async () => {
    const { context, session, url } = await goThrough('mallory')
    expect(session).toMatchObject({ error: { code: 'missing_api_key' } })
    expect(url).toContain('/sign-in?error=forbidden')
    expect((await audit('session.refuse'))[0]).toMatchObject({ data: { by: 'oidc', code: 'forbidden' } })
    await context.close()
  }, 60_000)

  it('an answer that this browser did not ask for is refused: state, and the cookie of the way', async () => {
    const callback = (query: string, cookie = '') =>
      fetch(`${gateway.url}/v1/halftone/oidc/callback?${query}`, { redirect: 'manual', headers: { cookie } })
    const bare = await callback('code=x&state=y')
    expect([bare.status, bare.headers.get('location')]).toEqual([302, '/sign-in?error=sign_in_failed'])
    const begun = await fetch(`${gateway.url}/v1/halftone/oidc/start`, { redirect: 'manual' })
    const set = begun.headers.get('set-cookie') ?? ''
    expect(set).toMatch(/^halftone_login=[\w-]+; Path=\/; HttpOnly; SameSite=Lax; Max-Age=600$/)
    const location = new URL(begun.headers.get('location') ?? '')
    expect(Object.fromEntries(location.searchParams)).toMatchObject({
      code_challenge_method: 'S256',
      response_type: 'code',
      state: expect.stringMatching(/.{20}/),
      nonce: expect.stringMatching(/.{20}/),
    })
    const login = set.split(';')[0] ?? ''
    expect((await callback('code=x&state=another', login)).headers.get('location')).toContain('sign_in_failed')
    const forged = `${login.slice(0, -4)}AAAA`
    expect((await callback(`code=x&state=${location.searchParams.get('state')}`, forged)).headers.get('location')).toContain(
      'sign_in_failed',
    )
  })

  it('taking the role out of the configuration ends the session', async () => {
    const { context, page } = await goThrough('ann')
    await gateway.writeConfig(config([{ role: 'operator', groups: ['nobody'] }]))
    const status = () => page.evaluate(async () => (await fetch('/v1/halftone/session')).status)
    await expect.poll(status, { timeout: 15_000 }).toBe(401)
    await context.close()
  }, 60_000)
})

describe('several nodes', () => {
  it('a session of one node counts on the other, and after a restart, until it ends on either', async () => {
    const database = await createTestDatabase()
    const start = () => startTestGateway({ config: { storage: { databaseUrl: database.url } } })
    const [first, second] = [await start(), await start()]
    let again: TestGateway | undefined
    try {
      const session = (node: TestGateway, cookie: string, method = 'GET') =>
        node.call('/v1/halftone/session', { key: null, method, headers: { cookie, ...CSRF } })
      const { headers } = await first.call('/v1/halftone/session', { key: null, body: { key: first.adminKey } })
      const cookie = cookieOf(headers)
      expect((await session(second, cookie)).status).toBe(200)
      await first.close()
      again = await start()
      const restarted = again
      expect((await session(restarted, cookie)).status).toBe(200)
      expect((await session(second, cookie, 'DELETE')).status).toBe(200)
      await expect.poll(async () => (await session(restarted, cookie)).status, { timeout: 8_000 }).toBe(401)
    } finally {
      await Promise.all([second.close(), again?.close()])
      await database.drop()
    }
  }, 60_000)
})

describe('without an identity provider that answers', () => {
  it('people are told, and keys go on working', async () => {
    const port = await freePort()
    const gone = await startTestGateway({
      config: { server: { oidc: { ...oidc(), issuer: `http://127.0.0.1:${port}`, timeoutMs: 500 } } },
    })
    try {
      const begun = await fetch(`${gone.url}/v1/halftone/oidc/start`, { redirect: 'manual' })
      expect(begun.headers.get('location')).toBe('/sign-in?error=sign_in_failed')
      expect((await gone.call('/v1/halftone/session', { key: null, body: { key: gone.adminKey } })).status).toBe(200)
    } finally {
      await gone.close()
    }
  })
})
