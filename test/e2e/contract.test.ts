/** Every endpoint of the table answers as its schema says, strictly; and lets in whom the table says. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { errorBody } from '../../src/contract/common.ts'
import { type Endpoint, type EndpointName, endpoints } from '../../src/contract/endpoints.ts'
import { mayDo } from '../../src/core/access/roles.ts'
import { type CallOptions, compatibleProvider, PRICE, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { doublePicture, type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'
import { strictly } from '../support/strictly.ts'

let double: ProviderDouble
let gateway: TestGateway
/** An inference key, another one, and one that was revoked. */
let keys: { own: string; other: string; revoked: string; revokedId: string }
let requestId: string
let attemptId: string
let priceBook = ''
let image: { readonly id: string; readonly second: string; readonly url: string; readonly thumbnail_url: string }

const generation = { model: 'acme/painter', prompt: 'a red fox' }
/** Of another model, so that no call here draws on them. */
const credits = { kind: 'prepaidCredits', id: 'credits', lots: [{ amount: '5' }], appliesTo: ['acme/other'] }
const all = Object.entries(endpoints) as [EndpointName, Endpoint][]
const exercised = new Set<EndpointName>()

beforeAll(async () => {
  double = await startProviderDouble()
  gateway = await startTestGateway({
    config: {
      providers: { double: { ...compatibleProvider(double), prices: { '*': { perImage: PRICE, commitments: [credits] } } } },
      aliases: { fox: 'acme/painter@low' },
      routes: { trial: { models: ['acme/painter'], mode: 'observe', observes: 'acme/observed' } },
      maxUsdPerDay: '100',
      alerts: { webhooks: [{ name: 'ops', url: 'https://127.0.0.1:9/', secret: 'a secret of the receiver' }] },
    },
  })
  const [own, other, revoked] = await Promise.all([
    gateway.createKey({ name: 'own', tags: { team: 'web' }, max_usd_per_day: '5' }),
    gateway.createKey({ name: 'other', allowed_models: ['acme/painter'] }),
    gateway.createKey({ name: 'revoked' }),
  ])
  await gateway.call(`/v1/halftone/keys/${revoked.id}`, { method: 'DELETE' })
  keys = { own: own.secret, other: other.secret, revoked: revoked.secret, revokedId: revoked.id }
  // One of each fate: made, made in part, refused by the provider, unknown.
  const { body } = await gateway.call<{ halftone: { request_id: string } }>('/v1/images/generations', {
    key: keys.own,
    body: {
      ...generation,
      n: 2,
      seed: 7,
      halftone: { allow_unsupported: true, tags: { sku: '4711' }, group: 'g' },
      user: 'customer',
    },
  })
  requestId = body.halftone.request_id
  double.enqueue({ missing: 1 }, { fault: 'reset_after' }, { status: 400, body: { error: { message: 'No.' } } })
  for (const n of [2, 1, 1]) await gateway.call('/v1/images/generations', { body: { ...generation, n } })
  const [attempt] = (await gateway.receipt(requestId)).attempts
  attemptId = attempt?.id ?? ''
  priceBook = attempt?.charges[0]?.price_book ?? ''
  const [first, second] = (await gateway.record(requestId)).images
  if (!first?.url || !first.thumbnail_url) throw new Error('the image was not stored')
  image = { id: first.id, second: second?.id ?? '', url: first.url, thumbnail_url: first.thumbnail_url }
})

afterAll(async () => {
  await gateway?.close()
  await double?.close()
})

const pathOf = (endpoint: Endpoint, id = 'nothing'): string => endpoint.path.replace('{id}', encodeURIComponent(id))
const local = (url: string): string => url.slice(gateway.url.length)

const importedRow = {
  evidence_id: 'line-1',
  at: '2026-10-05T00:00:00Z',
  provider: 'acme',
  model: 'acme/painter',
  images: 2,
  amount_usd: '0.08',
  provenance: 'invoiced',
}

/** What is sent to each endpoint so that it succeeds; a list where one answer has several shapes. */
const good: Record<EndpointName, () => readonly (CallOptions & { readonly path?: string })[]> = {
  createImage: () => [
    { body: generation },
    { body: { ...generation, response_format: 'url', n: 2 } },
    { body: { ...generation, halftone: { body: 'off' } } },
  ],
  editImage: () => [
    { body: { ...generation, images: [{ image_url: `data:image/png;base64,${doublePicture(8, 8).toString('base64')}` }] } },
  ],
  createVariation: () => [],
  upscaleImage: () => [],
  removeBackground: () => [],
  createFile: () => [],
  listFiles: () => [],
  getFile: () => [],
  getFileContent: () => [],
  deleteFile: () => [],
  createBatch: () => [],
  listBatches: () => [],
  getBatch: () => [],
  cancelBatch: () => [],
  listBatchLines: () => [],
  quoteBatch: () => [],
  listModels: () => [{}],
  getModel: () => [
    { path: '/v1/models/auto' },
    { path: '/v1/models/fox' },
    { path: '/v1/models/acme/painter' },
    { path: '/v1/models/double:acme/painter' },
  ],
  quote: () => [
    { body: generation },
    { body: { ...generation, model: 'auto', n: 3, operation: 'edit', inputs: [{ width: 64, height: 64 }], mask: true } },
    { body: { ...generation, explain: true, job: { count: 500, deadline_ms: 3_600_000 } } },
  ],
  listRequests: () => [
    {},
    { path: '/v1/halftone/requests?limit=2' },
    { path: '/v1/halftone/requests?outcome=succeeded', key: keys.own },
  ],
  getRequest: () => [{ path: `/v1/halftone/requests/${requestId}` }],
  getReceipt: () => [{ path: `/v1/halftone/requests/${requestId}/receipt` }],
  getLineage: () => [{ path: `/v1/halftone/requests/${requestId}/lineage` }],
  explainRequest: () => [{ path: `/v1/halftone/requests/${requestId}/explain` }],
  giveFeedback: () => [
    { body: { request_id: requestId, verdict: 'accept' } },
    { key: keys.own, body: { image_id: image.id, score: 0.25, reason: 'too dark' } },
  ],
  deleteImage: () => [{ path: `/v1/halftone/images/${image.second}` }],
  observeRoute: () => [{ path: '/v1/halftone/routes/trial/observation?days=3' }],
  watchRequests: () => [],
  getImage: () => [{ path: local(image.url), key: null }],
  getThumbnail: () => [{ path: local(image.thumbnail_url), key: null }],
  receiveWebhook: () => [{ path: '/v1/halftone/webhooks/nobody/nothing', key: null, body: { status: 'succeeded' } }],
  overview: () => [{}],
  listPrices: () => [{ path: '/v1/halftone/prices?model=sandbox' }],
  getPriceBook: () => [{ path: `/v1/halftone/prices/books/${priceBook}` }],
  rerate: () => [{ body: { since: '2026-01-01', dry_run: true } }],
  listPriceDrafts: () => [{}],
  reviewPrices: () => [{}],
  acceptPriceDraft: () => [],
  rejectPriceDraft: () => [],
  listKeys: () => [{}],
  createKey: () => [
    { body: { name: 'made here' } },
    { body: { name: 'boss', role: 'admin', max_usd_per_day: '1', allowed_models: ['auto'], tags: { a: 'b' } } },
  ],
  revokeKey: () => [{ path: `/v1/halftone/keys/${keys.revokedId}` }],
  listProjects: () => [{}],
  putProject: () => [
    { path: '/v1/halftone/projects/shop', body: { name: 'Shop', prompt_mode: 'hmac', asset_ttl_days: 7, tags: { a: 'b' } } },
  ],
  listRoutes: () => [{}],
  putRoute: () => [{ path: '/v1/halftone/routes/made', body: { document: { models: ['acme/painter'] } } }],
  getRoute: () => [{ path: '/v1/halftone/routes/trial' }],
  listRouteVersions: () => [{ path: '/v1/halftone/routes/made/versions' }],
  validateRoute: () => [{ path: '/v1/halftone/routes/made/validate', body: {} }],
  routeCandidates: () => [{ path: '/v1/halftone/routes/made/candidates', body: {} }],
  tryRoute: () => [{ path: '/v1/halftone/routes/made/dry-run', body: { of: 'all' } }],
  listQuality: () => [{}],
  resetQuality: () => [],
  rollbackRoute: () => [{ path: '/v1/halftone/routes/made/rollback', body: { to: 1, version: 2 } }],
  deleteRoute: () => [{ path: '/v1/halftone/routes/made?version=1' }],
  listAlertChannels: () => [{}],
  testAlertChannel: () => [{ path: '/v1/halftone/alerts/channels/ops/test' }],
  importSpend: () => [
    { body: { source: 'bill', rows: [importedRow], dry_run: true } },
    { body: { source: 'bill', rows: [importedRow] } },
  ],
  listImportFormats: () => [{}],
  readImport: () => [
    {
      body: {
        format: 'csv',
        files: [{ name: 'bill.csv', text: 'at,model,amount_usd,provider\n2026-10-05,acme/painter,0.08,acme' }],
      },
    },
    { body: { format: 'openai', files: [{ name: 'costs.json', text: '{' }] } },
  ],
  listUnknown: () => [{}],
  reconcileAttempt: () => [
    {
      path: `/v1/halftone/attempts/${attemptId}/reconcile`,
      body: { evidence_id: 'line 3', source: 'invoice', amount_usd: '0.08' },
    },
  ],
  listLots: () => [{}],
  getReport: () => [{}, { path: '/v1/halftone/report?month=2026-10&group=model;project,tag:team&calls=100' }],
  deleteContent: () => [
    { body: { project_id: 'nothing', before: '2026-01-01T00:00:00Z' } },
    { body: { tag: { key: 'sku', value: 'nothing' } } },
    { body: { group: 'nothing', what: 'images' } },
  ],
  listMonths: () => [{}],
  closeMonth: () => [{ path: '/v1/halftone/months/2026-08/close', body: {} }],
  checkMonth: () => [{ path: '/v1/halftone/months/2026-08' }],
  exportFocus: () => [{ path: '/v1/halftone/exports/focus?from=2026-11-01&to=2026-12-01' }],
  listExportDays: () => [{ path: '/v1/halftone/exports/focus/days?from=2026-11-01&to=2026-12-01&sums=true&sandbox=true' }],
  recordDraw: () => [{ body: { id: 'line-1', lot_id: 'double/credits/1', amount: '1.5', source: 'a statement' } }],
  listBudgets: () => [{}],
  putBudget: () => [
    {
      path: '/v1/halftone/budgets/team',
      body: { scope: 'project', scope_value: 'shop', period: 'month', limit_usd: '9.5', hard: false },
    },
  ],
  deleteBudget: () => [{ path: '/v1/halftone/budgets/team' }],
  status: () => [{}],
  probeProviders: () => [{ body: {} }],
  listProviders: () => [{}],
  verifyProvider: () => [{ path: '/v1/halftone/providers/double/verify', body: { max_spend_usd: '1', dry_run: true } }],
  priceHistory: () => [{ path: '/v1/halftone/prices/history?offer=double:acme/painter' }],
  listPriceSets: () => [{}],
  changePrice: () => [],
  rollbackPrices: () => [],
  getSession: () => [{}, { key: keys.own }],
  signIn: () => [{ key: null, body: { key: gateway.adminKey } }],
  signOut: () => [{ key: null }],
  getSignInOptions: () => [{ key: null }],
  // A browser's: e2e/sign-in.test.ts goes the whole way.
  startOidc: () => [],
  finishOidc: () => [],
  listSessions: () => [{}],
  endSession: () => [],
  listAudit: () => [{}, { path: '/v1/halftone/audit?limit=2&action=key&since=2026-01-01' }],
  insightOverview: () => [{}, { path: '/v1/halftone/insight/overview?period=today&sandbox=true&top=1' }],
  insightExplore: () => [
    { body: {} },
    {
      body: {
        group_by: ['model', 'outcome'],
        grain: 'day',
        filters: { project: ['default'] },
        measures: ['latency_p95_ms'],
        limit: 1,
      },
    },
  ],
  insightModels: () => [{}],
  putView: () => [{ path: '/v1/halftone/views/mine', body: { name: 'Mine', page: 'explore', query: 'group=model' } }],
  listViews: () => [{}],
  deleteView: () => [{ path: '/v1/halftone/views/mine' }],
  putTagRule: () => [
    { path: '/v1/halftone/tag-rules/web', body: { name: 'Web', key: 'team', value: 'web', when: { project: 'default' } } },
  ],
  listTagRules: () => [{}],
  deleteTagRule: () => [{ path: '/v1/halftone/tag-rules/web' }],
  health: () => [{ key: null }],
  ready: () => [{ key: null }],
  metrics: () => [{}],
  openapi: () => [{ key: null }],
}

describe('answers', () => {
  it.each(all.map(([name]) => name))('%s', async (name) => {
    const endpoint: Endpoint = endpoints[name]
    for (const { path = endpoint.path, ...options } of good[name]()) {
      const { status, headers, body } = await gateway.call(path, { method: endpoint.method, ...options })
      expect({ status, body: status === 200 ? '' : body }).toEqual({ status: 200, body: '' })
      if (endpoint.response) expect(strictly(endpoint.response).safeParse(body).error).toBeUndefined()
      else if (endpoint.mediaType) expect(headers.get('content-type')).toMatch(endpoint.mediaType.replace('*', ''))
      exercised.add(name)
    }
  })

  it.each([
    ['createVariation', 'variation'],
    ['upscaleImage', 'upscale'],
    ['removeBackground', 'remove_background'],
  ] as const)('%s: no provider here can, which is said', async (name, operation) => {
    const form = new FormData()
    form.append('image', new Blob([new Uint8Array(doublePicture(8, 8))]), 'a.png')
    const answer = await fetch(gateway.url + endpoints[name].path, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.own}` },
      body: form,
    })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({
      error: { code: 'unsupported_parameter', message: expect.stringContaining(`not ${operation}`) },
    })
    exercised.add(name)
  })

  it('a file is uploaded and read, a batch of it made, seen and cancelled, and the file deleted', async () => {
    const exercise = async (name: EndpointName, options: CallOptions & { readonly path?: string }) => {
      const endpoint: Endpoint = endpoints[name]
      const { status, body } = await gateway.call<{ id: string }>(options.path ?? endpoint.path, {
        method: endpoint.method,
        ...options,
      })
      expect([name, status]).toEqual([name, 200])
      if (endpoint.response) expect([name, strictly(endpoint.response).safeParse(body).error]).toEqual([name, undefined])
      exercised.add(name)
      return body
    }
    const form = new FormData()
    const line = { custom_id: 'fox', method: 'POST', url: '/v1/images/generations', body: generation }
    form.append('file', new Blob([`${JSON.stringify(line)}\n`]), 'in.jsonl')
    form.append('purpose', 'batch')
    const headers = { authorization: `Bearer ${gateway.adminKey}` }
    const uploaded = await fetch(`${gateway.url}/v1/files`, { method: 'POST', headers, body: form })
    const file = (await uploaded.json()) as { id: string }
    expect([uploaded.status, strictly(endpoints.createFile.response).safeParse(file).error]).toEqual([200, undefined])
    exercised.add('createFile')
    await exercise('listFiles', { path: '/v1/files?limit=1&purpose=batch' })
    await exercise('getFile', { path: `/v1/files/${file.id}` })
    await exercise('getFileContent', { path: `/v1/files/${file.id}/content` })
    const body = {
      input_file_id: file.id,
      endpoint: '/v1/images/generations',
      completion_window: '24h',
      metadata: { for: 'test' },
    }
    await exercise('quoteBatch', { body: { input_file_id: file.id, endpoint: '/v1/images/generations' } })
    const { id } = await exercise('createBatch', { body })
    const ended = () => gateway.call<{ completed_at: number | null; output_file_id: string }>(`/v1/batches/${id}`)
    await expect.poll(async () => (await ended()).body.completed_at, { timeout: 30_000 }).not.toBeNull()
    await exercise('getBatch', { path: `/v1/batches/${id}` })
    await exercise('listBatches', {})
    await exercise('listBatchLines', { path: `/v1/halftone/batches/${id}/lines?state=done` })
    await exercise('cancelBatch', { path: `/v1/batches/${id}/cancel` })
    await exercise('getFile', { path: `/v1/files/${(await ended()).body.output_file_id}` })
    await exercise('deleteFile', { path: `/v1/files/${file.id}` })
  })

  it('watchRequests: each event is a request summary', async () => {
    const abort = new AbortController()
    const { body } = await fetch(`${gateway.url}/v1/halftone/events`, {
      headers: { authorization: `Bearer ${gateway.adminKey}` },
      signal: abort.signal,
    })
    void gateway.call('/v1/images/generations', { body: generation })
    let text = ''
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(chunk).toString()
      if ((text.match(/^data: .*\n\n/gm)?.length ?? 0) >= 2) break
    }
    const events = [...text.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data ?? '') as unknown)
    const { data } = endpoints.listRequests.response.shape
    for (const event of events) expect(strictly(data.element).safeParse(event).error).toBeUndefined()
    exercised.add('watchRequests')
  })

  it('a drafted price is decided upon; what stands in the configuration is changed there', async () => {
    double.script({ usage: { cost: 0.5 } })
    for (let index = 0; index < 5; index += 1) await gateway.call('/v1/images/generations', { body: generation })
    double.script({})
    const { body } = await gateway.call<{ data: { id: string }[] }>('/v1/halftone/prices/drafts', { method: 'POST' })
    const decide = (what: 'accept' | 'reject') =>
      gateway.call(`/v1/halftone/prices/drafts/${body.data[0]?.id}/${what}`, { method: 'POST' })
    expect(await decide('accept')).toMatchObject({ status: 409, body: { error: { code: 'managed_by_file' } } })
    const { body: rejected } = await decide('reject')
    expect(strictly(endpoints.rejectPriceDraft.response).safeParse(rejected).error?.issues).toBeUndefined()
    exercised.add('rejectPriceDraft')
    // Its answer has the same schema; e2e/prices.test.ts accepts one.
    exercised.add('acceptPriceDraft')
  })

  it('changePrice and rollbackPrices: a change is shown; what is not installed is not rolled back', async () => {
    const { body: list } = await gateway.call<{ rates: { provider: string; rate_id: string; tiers: string | null }[] }>(
      '/v1/halftone/prices?model=openai',
    )
    const rate = list.rates.find(({ tiers }) => tiers === null)
    const change = await gateway.call('/v1/halftone/prices/changes', {
      body: {
        provider: 'openai',
        rate_id: rate?.rate_id,
        price: '1.5',
        effective_from: '2031-01-01',
        source_url: 'https://openai.com/api/pricing/',
        dry_run: true,
      },
    })
    expect(strictly(endpoints.changePrice.response).safeParse(change.body).error).toBeUndefined()
    const back = await gateway.call('/v1/halftone/prices/rollback', { body: { from: '2020-01-01' } })
    expect(back).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } })
    exercised.add('changePrice')
    // e2e/providers.test.ts installs one and rolls it back.
    exercised.add('rollbackPrices')
  })

  it('resetQuality: what nobody said is not put aside', async () => {
    const reset = await gateway.call('/v1/halftone/quality/reset', { body: { product: 'acme/painter@medium' } })
    expect(reset).toMatchObject({ status: 404, body: { error: { code: 'not_found', param: 'product' } } })
    // e2e/quality.test.ts puts something aside.
    exercised.add('resetQuality')
  })

  it('endSession: a session that is open is ended once', async () => {
    await gateway.call('/v1/halftone/session', { key: null, body: { key: gateway.adminKey } })
    const { body } = await gateway.call<{ data: { id: string }[] }>('/v1/halftone/sessions')
    const end = () => gateway.call(`/v1/halftone/sessions/${body.data[0]?.id}`, { method: 'DELETE' })
    const ended = await end()
    expect(strictly(endpoints.endSession.response).safeParse(ended.body).error).toBeUndefined()
    expect((await end()).status).toBe(404)
    for (const name of ['endSession', 'startOidc', 'finishOidc'] as const) exercised.add(name)
  })

  it('every endpoint of the table was exercised', () => {
    expect(all.map(([name]) => name).filter((name) => !exercised.has(name))).toEqual([])
  })

  it('the document lists every endpoint with its method', async () => {
    const { body } = await gateway.call<{ paths: Record<string, Record<string, { operationId: string }>> }>('/openapi.json')
    for (const [name, { path, method }] of all) expect(body.paths[path]?.[method.toLowerCase()]?.operationId).toBe(name)
  })

  it('strictness is proven: a field nobody declared is found, at any depth', () => {
    const schema = z.object({ data: z.array(z.object({ id: z.string() })), next: z.object({ at: z.string() }).nullable() })
    expect(strictly(schema).safeParse({ data: [{ id: 'a' }], next: null }).success).toBe(true)
    expect(strictly(schema).safeParse({ data: [{ id: 'a', more: 1 }], next: null }).success).toBe(false)
    expect(strictly(schema).safeParse({ data: [], next: { at: 'x', more: 1 } }).success).toBe(false)
  })
})

describe('who may', () => {
  /** Paths that change or spend are asked with a body that fails after the door. */
  const ask = (endpoint: Endpoint, key: string | null) =>
    gateway.call(pathOf(endpoint), {
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
    for (const key of ['ht-nobody', keys.revoked]) {
      const { status, body } = await ask(endpoint, key)
      expect([status, body]).toMatchObject([401, { error: { code: 'invalid_api_key' } }])
    }
  })

  it.each(all.filter(([, { access }]) => !letsIn(access)))('%s refuses an inference key', async (_, endpoint) => {
    const { status, body } = await ask(endpoint, keys.own)
    expect([status, body]).toMatchObject([403, { error: { code: 'forbidden', type: 'permission_error' } }])
  })

  it.each(protectedOnes.filter(([, { access }]) => letsIn(access)))('%s lets an inference key in', async (_, endpoint) => {
    expect([401, 403]).not.toContain((await ask(endpoint, keys.own)).status)
  })

  it.each(['', '/receipt', '/explain'])("another key's request%s is as unknown as one that never was", async (suffix) => {
    const path = `/v1/halftone/requests/${requestId}${suffix}`
    expect((await gateway.call(path, { key: keys.own })).status).toBe(200)
    const { status, body } = await gateway.call(path, { key: keys.other })
    expect([status, body]).toMatchObject([404, { error: { code: 'not_found' } }])
  })

  it('a key sees only its own requests in the list, and only its models', async () => {
    const list = await gateway.call<{ data: { id: string }[] }>('/v1/halftone/requests', { key: keys.own })
    expect(list.body.data.map(({ id }) => id)).toEqual([requestId])
    const models = await gateway.call<{ data: { id: string }[] }>('/v1/models', { key: keys.other })
    expect(models.body.data.map(({ id }) => id).sort()).toEqual(['acme/painter', 'double:acme/painter'])
  })

  it('a session cookie needs the header no foreign page can set, for whatever changes something', async () => {
    const signIn = await gateway.call('/v1/halftone/session', { key: null, body: { key: gateway.adminKey } })
    const cookie = signIn.headers.get('set-cookie')?.split(';')[0] ?? ''
    expect(signIn.headers.get('set-cookie')).toMatch(/HttpOnly; SameSite=Strict/)
    const create = (headers: Record<string, string>) =>
      gateway.call('/v1/halftone/keys', { key: null, body: { name: 'by session' }, headers: { cookie, ...headers } })
    expect((await create({})).status).toBe(403)
    expect((await create({ 'x-halftone-csrf': '1' })).status).toBe(200)
    expect((await gateway.call('/v1/halftone/overview', { key: null, headers: { cookie } })).status).toBe(200)
    expect((await gateway.call('/v1/halftone/overview', { key: null, headers: { cookie: `${cookie}x` } })).status).toBe(401)
  })
})
