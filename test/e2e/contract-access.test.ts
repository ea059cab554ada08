/** Every endpoint of the table lets in whom the table says. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { errorBody } from '../../src/contract/common.ts'
import { type Endpoint, type EndpointName, endpoints } from '../../src/contract/endpoints.ts'
import { mayDo } from '../../src/core/access/roles.ts'
import { openWorld, type World } from '../support/contract/world.ts'
import { strictly } from '../support/strictly.ts'

const all = Object.entries(endpoints) as [EndpointName, Endpoint][]

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world?.close())

const pathOf = (endpoint: Endpoint, id = 'nothing'): string => endpoint.path.replace('{id}', encodeURIComponent(id))

describe('who may', () => {
  /** Paths that change or spend are asked with a body that fails after the door. */
  const ask = (endpoint: Endpoint, key: string | null) =>
    world.gateway.call(pathOf(endpoint), {
      method: endpoint.method,
      key,
      ...(['POST', 'PUT'].includes(endpoint.method) && { body: { nonsense: true } }),
    })
  const letsIn = (access: Endpoint['access']) =>
    access === 'none' || access === 'inference' || (access !== 'admin' && mayDo('inference', access))
  const protectedOnes = all.filter(([, { access }]) => access !== 'none')

  it.each(protectedOnes)('%s needs a key', async (_, endpoint) => {
    const { status, headers, body } = await ask(endpoint, null)
    expect([status, body]).toMatchObject([401, { error: { code: 'missing_api_key', type: 'authentication_error' } }])
    expect(headers.get('www-authenticate')).toBe('Bearer realm="halftone"')
    expect(strictly(errorBody).safeParse(body).error).toBeUndefined()
  })

  it.each(protectedOnes)('%s refuses unknown and revoked keys', async (_, endpoint) => {
    for (const key of ['ht-nobody', world.keys.revoked]) {
      const { status, body } = await ask(endpoint, key)
      expect([status, body]).toMatchObject([401, { error: { code: 'invalid_api_key' } }])
    }
  })

  it.each(all.filter(([, { access }]) => !letsIn(access)))('%s refuses an inference key', async (_, endpoint) => {
    const { status, body } = await ask(endpoint, world.keys.own)
    expect([status, body]).toMatchObject([403, { error: { code: 'forbidden', type: 'permission_error' } }])
  })

  it.each(protectedOnes.filter(([, { access }]) => letsIn(access)))('%s lets an inference key in', async (_, endpoint) => {
    expect([401, 403]).not.toContain((await ask(endpoint, world.keys.own)).status)
  })

  it.each(['', '/receipt', '/explain'])("another key's request%s is as unknown as one that never was", async (suffix) => {
    const path = `/v1/halftone/requests/${world.requestId}${suffix}`
    expect((await world.gateway.call(path, { key: world.keys.own })).status).toBe(200)
    const { status, body } = await world.gateway.call(path, { key: world.keys.other })
    expect([status, body]).toMatchObject([404, { error: { code: 'not_found' } }])
  })

  it('a key sees only its own requests in the list, and only its models', async () => {
    const list = await world.gateway.call<{ data: { id: string }[] }>('/v1/halftone/requests', { key: world.keys.own })
    expect(list.body.data.map(({ id }) => id)).toEqual([world.requestId])
    const models = await world.gateway.call<{ data: { id: string }[] }>('/v1/models', { key: world.keys.other })
    expect(models.body.data.map(({ id }) => id).sort()).toEqual(['acme/painter', 'double:acme/painter'])
  })

  it('a session cookie needs the header no foreign page can set, for whatever changes something', async () => {
    const signIn = await world.gateway.call('/v1/halftone/session', { key: null, body: { key: world.gateway.adminKey } })
    const cookie = signIn.headers.get('set-cookie')?.split(';')[0] ?? ''
    expect(signIn.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Strict/)
    const create = (headers: Record<string, string>) =>
      world.gateway.call('/v1/halftone/keys', { key: null, body: { name: 'by session' }, headers: { cookie, ...headers } })
    expect((await create({})).status).toBe(403)
    expect((await create({ 'x-halftone-csrf': '1' })).status).toBe(200)
    expect((await world.gateway.call('/v1/halftone/overview', { key: null, headers: { cookie } })).status).toBe(200)
    expect((await world.gateway.call('/v1/halftone/overview', { key: null, headers: { cookie: `${cookie}x` } })).status).toBe(401)
  })
})
