/** Every route with every role: who is let in is what the table of roles says, and what they see is theirs to see. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { auditRules } from '../../src/contract/audit-rules.ts'
import { type Endpoint, type EndpointName, endpoints } from '../../src/contract/endpoints.ts'
import { mayDo, type Role, roles } from '../../src/core/access/roles.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

const HOSTILE = '=HYPERLINK("http://evil.test","<img src=x onerror=alert(1)>")'
const all = Object.entries(endpoints) as [EndpointName, Endpoint][]
const model = 'halftone/sandbox-fast'

let gateway: TestGateway
let keys: Record<Role, string>
/** Of the project `shop`, and of another. */
let own: { id: string; image: string; secret: string; keyId: string }
let foreign: { id: string; image: string; secret: string; keyId: string }

async function makeRequest(project: string, prompt: string): Promise<typeof own> {
  const key = await gateway.createKey({ name: `app of ${project}`, project_id: project })
  const models = await gateway.call<{ data: { id: string; halftone?: { kind: string } }[] }>('/v1/models')
  const offer = models.body.data.find(({ halftone }) => halftone?.kind === 'offer')?.id ?? model
  const { body } = await gateway.call<{ halftone: { request_id: string } }>('/v1/images/generations', {
    key: key.secret,
    body: {
      model: offer,
      prompt,
      negative_prompt: 'secret word',
      halftone: { allow_unsupported: true, tags: { note: HOSTILE } },
    },
  })
  const id = body.halftone.request_id
  const image = (await gateway.record(id)).images[0]?.id ?? ''
  return { id, image, secret: key.secret, keyId: key.id }
}

beforeAll(async () => {
  gateway = await startTestGateway({ config: { sandbox: { latencyScale: 0 } } })
  for (const id of ['shop', 'rival']) await gateway.call(`/v1/halftone/projects/${id}`, { method: 'PUT', body: { name: id } })
  const made = await Promise.all(
    roles.map(async (role) => [role, (await gateway.createKey({ name: `a ${role}`, role, project_id: 'shop' })).secret] as const),
  )
  keys = Object.fromEntries(made) as typeof keys
  own = await makeRequest('shop', `a fox ${HOSTILE}`)
  foreign = await makeRequest('rival', 'the other secret prompt')
})

afterAll(() => gateway?.close())

const allows = (role: Role, { access }: Endpoint): boolean => {
  if (access === 'none' || access === 'inference') return true
  return access === 'admin' ? role === 'admin' : mayDo(role, access)
}
const fill = (path: string): string => path.replaceAll(/\{\w+\}/g, 'nothing')

describe('every route with every role', () => {
  const cases = all.flatMap(([name, endpoint]) => roles.map((role) => [name, role, endpoint] as const))

  it('looks at every endpoint', () => expect(cases.length).toBe(all.length * roles.length))

  it.each(cases.filter(([name]) => name !== 'watchRequests' && name !== 'signOut'))('%s as %s', async (_, role, endpoint) => {
    const { status, body } = await gateway.call<{ error?: { code: string } }>(fill(endpoint.path), {
      method: endpoint.method,
      key: keys[role],
      ...(['POST', 'PUT'].includes(endpoint.method) && { body: { nonsense: true } }),
    })
    if (allows(role, endpoint)) {
      expect(status).not.toBe(401)
      if (endpoint.access !== 'none') expect(status).not.toBe(403)
      expect(status).toBeLessThan(500)
    } else expect([status, body.error?.code]).toEqual([403, 'forbidden'])
  })

  it.each(all.filter(([, { access }]) => access !== 'none'))('%s without a key is 401', async (_, endpoint) => {
    expect((await gateway.call(fill(endpoint.path), { method: endpoint.method, key: null })).status).toBe(401)
  })

  it.each(roles)('live requests as %s', async (role) => {
    const abort = new AbortController()
    const answer = await fetch(`${gateway.url}/v1/halftone/events`, {
      headers: { authorization: `Bearer ${keys[role]}` },
      signal: abort.signal,
    })
    abort.abort()
    expect(answer.status).toBe(mayDo(role, 'live.read') ? 200 : 403)
  })
})

/** Endpoints a project owner may call whose answer or path is checked by the route; the tests below say how. */
const checkedByRoute: readonly EndpointName[] = [
  'getRequest',
  'getReceipt',
  'getLineage',
  'explainRequest',
  'giveFeedback',
  'deleteImage',
  'watchRequests',
  'overview',
  'insightExplore',
  'listKeys',
  'createKey',
  'revokeKey',
  'listProjects',
  'listBudgets',
  'putBudget',
  'deleteBudget',
]
/** Nothing of a project is in them, or what is made is booked to one's own. */
const ofNoProject: ReadonlySet<string> = new Set(['images.make', 'models.read', 'status.read', 'session.read'])

describe('a project owner', () => {
  it('is confined at every endpoint it may call', () => {
    const open = all.filter(([name, endpoint]) => {
      if (endpoint.access === 'none' || !allows('project_owner', endpoint)) return false
      const byQuery = endpoint.query && 'shape' in endpoint.query && 'project_id' in (endpoint.query.shape as object)
      return !byQuery && !ofNoProject.has(endpoint.access) && !checkedByRoute.includes(name)
    })
    expect(open.map(([name]) => name)).toEqual([])
  })

  it('explores the sums of its project alone', async () => {
    const explore = (filters: object) =>
      as<{ rows?: unknown[] }>('/v1/halftone/insight/explore', { body: { group_by: ['project'], period: 'today', filters } })
    const mine = await explore({})
    expect(mine.status).toBe(200)
    const text = JSON.stringify(mine.body)
    expect([text.includes('"shop"'), text.includes('"rival"')]).toEqual([true, false])
    expect((await explore({ project: ['rival'] })).status).toBe(404)
  })

  const as = <Body = Record<string, unknown>>(path: string, options = {}) =>
    gateway.call<Body>(path, { key: keys.project_owner, ...options })

  it.each(['', '/receipt', '/explain', '/lineage'])('sees requests of its project alone: %s', async (suffix) => {
    expect((await as(`/v1/halftone/requests/${own.id}${suffix}`)).status).toBe(200)
    expect((await as(`/v1/halftone/requests/${foreign.id}${suffix}`)).status).toBe(404)
  })

  it('lists its project alone, whatever it asks for', async () => {
    const { body } = await as<{ data: { project_id: string }[] }>('/v1/halftone/requests')
    expect([...new Set(body.data.map(({ project_id }) => project_id))]).toEqual(['shop'])
    expect((await as('/v1/halftone/requests?project_id=rival')).status).toBe(404)
  })

  it("neither deletes nor rates another project's picture", async () => {
    expect((await as(`/v1/halftone/images/${foreign.image}`, { method: 'DELETE' })).status).toBe(404)
    const rate = await as('/v1/halftone/feedback', { body: { image_id: foreign.image, verdict: 'reject' } })
    expect(rate.status).toBe(404)
  })

  it('makes and revokes keys of applications of its project, and no others', async () => {
    const create = (body: object) => as<{ id: string; project_id: string }>('/v1/halftone/keys', { body: { name: 'x', ...body } })
    const made = await create({})
    expect([made.status, made.body.project_id]).toEqual([200, 'shop'])
    expect((await create({ project_id: 'rival' })).status).toBe(404)
    for (const role of roles.filter((each) => each !== 'inference')) expect((await create({ role })).status).toBe(403)
    expect((await as(`/v1/halftone/keys/${made.body.id}`, { method: 'DELETE' })).status).toBe(200)
    expect((await as(`/v1/halftone/keys/${foreign.keyId}`, { method: 'DELETE' })).status).toBe(404)
    const list = await as<{ data: { project_id: string }[] }>('/v1/halftone/keys')
    expect([...new Set(list.body.data.map(({ project_id }) => project_id))]).toEqual(['shop'])
  })

  it('limits its keys, but does not say how much its project has', async () => {
    const put = (id: string, scope: string, scope_value?: string) =>
      as(`/v1/halftone/budgets/${id}`, { method: 'PUT', body: { scope, scope_value, period: 'day', limit_usd: '1' } })
    expect((await put('mine', 'key', own.keyId)).status).toBe(200)
    expect((await put('theirs', 'key', foreign.keyId)).status).toBe(404)
    expect((await put('all', 'global')).status).toBe(404)
    expect((await put('whole', 'project', 'shop')).status).toBe(403)
    await gateway.call('/v1/halftone/budgets/far', {
      method: 'PUT',
      body: { scope: 'project', scope_value: 'rival', period: 'day', limit_usd: '1' },
    })
    expect((await put('far', 'key', own.keyId)).status).toBe(404)
    expect((await as('/v1/halftone/budgets/far', { method: 'DELETE' })).status).toBe(404)
    const { body } = await as<{ data: { id: string }[] }>('/v1/halftone/budgets')
    expect(body.data.map(({ id }) => id)).toEqual(['mine'])
  })

  it('the overview is of its project, to the cent', async () => {
    const { body: mine } = await as<{ requests_today: number; today_usd: string }>('/v1/halftone/overview')
    const { body: whole } = await gateway.call<{ requests_today: number; today_usd: string }>('/v1/halftone/overview')
    const cost = async (id: string) => (await gateway.receipt(id)).total_usd
    expect([mine.requests_today, whole.requests_today]).toEqual([1, 2])
    expect(mine.today_usd).toBe(await cost(own.id))
    expect(mine.today_usd).not.toBe(whole.today_usd)
  })

  it('sees the mode, but neither providers nor files', async () => {
    const { body } = await as('/v1/halftone/status')
    expect(body).toMatchObject({ spends_money: false, providers: [], config_file: null })
  })
})

describe('finance', () => {
  it.each(['', '?limit=5', `/ID`, `/ID/receipt`])('never reads a prompt or finds an image: %s', async (suffix) => {
    const { status, body } = await gateway.call(`/v1/halftone/requests${suffix.replace('ID', own.id)}`, { key: keys.finance })
    const text = JSON.stringify(body)
    expect(status).toBe(200)
    expect(text).toContain(own.id)
    for (const secret of ['a fox', 'secret word', own.image, 'sig=', '/images/']) expect(text).not.toContain(secret)
    // The guard looks at something: an admin does see it.
    if (suffix === '/ID') expect(JSON.stringify(await gateway.record(own.id))).toContain('a fox')
  })

  it('searches no prompts', async () => {
    const { body } = await gateway.call<{ data?: unknown[] }>('/v1/halftone/requests?search=fox', { key: keys.finance })
    expect(body.data ?? []).toEqual([])
  })

  it('gives no feedback and makes nothing', async () => {
    const rate = await gateway.call('/v1/halftone/feedback', {
      key: keys.finance,
      body: { request_id: own.id, verdict: 'accept' },
    })
    expect(rate.status).toBe(403)
    const make = await gateway.call('/v1/images/generations', { key: keys.finance, body: { prompt: 'x' } })
    expect(make.status).toBe(403)
  })
})

describe('nobody grants more than they have', () => {
  it.each(roles)('keys made by %s', async (role) => {
    const made: Role[] = []
    for (const wanted of roles) {
      const body = { name: `${role} makes ${wanted}`, role: wanted }
      if ((await gateway.call('/v1/halftone/keys', { key: keys[role], body })).status === 200) made.push(wanted)
    }
    const expected: Record<Role, readonly Role[]> = {
      admin: roles,
      operator: ['inference'],
      finance: [],
      project_owner: ['inference'],
      inference: [],
    }
    expect(made).toEqual(expected[role])
  })

  it('an operator does not revoke an admin', async () => {
    const boss = await gateway.createKey({ name: 'boss', role: 'admin' })
    const answer = await gateway.call(`/v1/halftone/keys/${boss.id}`, { method: 'DELETE', key: keys.operator })
    expect(answer.status).toBe(403)
  })

  it('a key confined to some models makes no key that may use others', async () => {
    const narrow = await gateway.createKey({ name: 'narrow', role: 'operator', allowed_models: ['auto'] })
    const create = (allowed_models?: string[]) =>
      gateway.call('/v1/halftone/keys', { key: narrow.secret, body: { name: 'n', allowed_models } })
    expect([(await create()).status, (await create(['auto', 'x/y'])).status, (await create(['auto'])).status]).toEqual([
      403, 403, 200,
    ])
  })
})

describe('the audit log', () => {
  const entries = async (query: string) =>
    (await gateway.call<{ data: Record<string, unknown>[] }>(`/v1/halftone/audit?${query}`)).body.data

  it('every endpoint that changes something has a rule, and no rule is left over', () => {
    const changing = all.filter(([, { method }]) => method !== 'GET').map(([name]) => name)
    expect(Object.keys(auditRules).sort()).toEqual(changing.sort())
  })

  it('says who, from where, before and after; in hostile names too', async () => {
    const put = (name: string) => gateway.call('/v1/halftone/projects/audited', { method: 'PUT', body: { name } })
    await put('first')
    await put(HOSTILE)
    const [update, create] = await entries('object_id=audited')
    expect(create).toMatchObject({ action: 'project.create', before: null, after: { name: 'first' }, actor_role: 'admin' })
    expect(update).toMatchObject({ action: 'project.update', before: { name: 'first' }, after: { name: HOSTILE } })
    expect(update?.['address']).toMatch(/127\.0\.0\.1|::1/)
  })

  it('names the key that did it, and never a secret', async () => {
    const { body } = await gateway.call<{ id: string; secret: string }>('/v1/halftone/keys', {
      key: keys.operator,
      body: { name: 'seen' },
    })
    const [entry] = await entries(`object_id=${body.id}`)
    expect(entry).toMatchObject({ action: 'key.create', actor: 'a operator', actor_role: 'operator', after: { name: 'seen' } })
    expect(JSON.stringify(entry)).not.toContain(body.secret)
    expect(JSON.stringify(entry)).not.toContain('hash')
  })
})

describe('hostile words', () => {
  it('a prompt and a tag come back as they were, as JSON and nothing else', async () => {
    const { body, headers } = await gateway.call<{ prompt: string; tags: Record<string, string> }>(
      `/v1/halftone/requests/${own.id}`,
    )
    expect([body.prompt, body.tags['note']]).toEqual([`a fox ${HOSTILE}`, HOSTILE])
    expect(headers.get('content-type')).toContain('application/json')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('an image needs its signature, and that of another does not do', async () => {
    const url = (await gateway.record(own.id)).images[0]?.url ?? ''
    const other = (await gateway.record(foreign.id)).images[0]?.url ?? ''
    expect((await fetch(url)).status).toBe(200)
    expect((await fetch(url.split('?')[0] ?? '')).status).toBe(403)
    expect((await fetch(`${url.split('?')[0]}?${other.split('?')[1]}`)).status).toBe(403)
  })
})
