/** Every endpoint of the table answers as its schema says, strictly. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { type Endpoint, type EndpointName, endpoints } from '../../src/contract/endpoints.ts'
import { type Sample, samplesOf } from '../support/contract/samples.ts'
import { generation, openWorld, type World } from '../support/contract/world.ts'
import { doublePicture } from '../support/provider-double.ts'
import { strictly } from '../support/strictly.ts'

const all = Object.entries(endpoints) as [EndpointName, Endpoint][]
const exercised = new Set<EndpointName>()

let world: World
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world?.close())

describe('answers', () => {
  it.each(all.map(([name]) => name))('%s', async (name) => {
    const endpoint: Endpoint = endpoints[name]
    for (const { path = endpoint.path, ...options } of samplesOf(world)[name]) {
      const { status, headers, body } = await world.gateway.call(path, { method: endpoint.method, ...options })
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
    const answer = await fetch(world.gateway.url + endpoints[name].path, {
      method: 'POST',
      headers: { authorization: `Bearer ${world.keys.own}` },
      body: form,
    })
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({
      error: { code: 'unsupported_parameter', message: expect.stringContaining(`not ${operation}`) },
    })
    exercised.add(name)
  })

  it('a file is uploaded and read, a batch of it made, seen and cancelled, and the file deleted', async () => {
    const exercise = async (name: EndpointName, options: Sample) => {
      const endpoint: Endpoint = endpoints[name]
      const { status, body } = await world.gateway.call<{ id: string }>(options.path ?? endpoint.path, {
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
    const headers = { authorization: `Bearer ${world.gateway.adminKey}` }
    const uploaded = await fetch(`${world.gateway.url}/v1/files`, { method: 'POST', headers, body: form })
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
    const ended = () => world.gateway.call<{ completed_at: number | null; output_file_id: string }>(`/v1/batches/${id}`)
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
    const { body } = await fetch(`${world.gateway.url}/v1/halftone/events`, {
      headers: { authorization: `Bearer ${world.gateway.adminKey}` },
      signal: abort.signal,
    })
    void world.gateway.call('/v1/images/generations', { body: generation })
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
    world.double.script({ usage: { cost: 0.5 } })
    for (let index = 0; index < 5; index += 1) await world.gateway.call('/v1/images/generations', { body: generation })
    world.double.script({})
    const { body } = await world.gateway.call<{ data: { id: string }[] }>('/v1/halftone/prices/drafts', { method: 'POST' })
    const decide = (what: 'accept' | 'reject') =>
      world.gateway.call(`/v1/halftone/prices/drafts/${body.data[0]?.id}/${what}`, { method: 'POST' })
    expect(await decide('accept')).toMatchObject({ status: 409, body: { error: { code: 'managed_by_file' } } })
    const { body: rejected } = await decide('reject')
    expect(strictly(endpoints.rejectPriceDraft.response).safeParse(rejected).error?.issues).toBeUndefined()
    exercised.add('rejectPriceDraft')
    // Its answer has the same schema; e2e/prices.test.ts accepts one.
    exercised.add('acceptPriceDraft')
  })

  it('changePrice and rollbackPrices: a change is shown; what is not installed is not rolled back', async () => {
    const { body: list } = await world.gateway.call<{ rates: { provider: string; rate_id: string; tiers: string | null }[] }>(
      '/v1/halftone/prices?model=openai',
    )
    const rate = list.rates.find(({ tiers }) => tiers === null)
    const change = await world.gateway.call('/v1/halftone/prices/changes', {
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
    const back = await world.gateway.call('/v1/halftone/prices/rollback', { body: { from: '2020-01-01' } })
    expect(back).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } })
    exercised.add('changePrice')
    // e2e/providers.test.ts installs one and rolls it back.
    exercised.add('rollbackPrices')
  })

  it('resetQuality: what nobody said is not put aside', async () => {
    const reset = await world.gateway.call('/v1/halftone/quality/reset', { body: { product: 'acme/painter@medium' } })
    expect(reset).toMatchObject({ status: 404, body: { error: { code: 'not_found', param: 'product' } } })
    // e2e/quality.test.ts puts something aside.
    exercised.add('resetQuality')
  })

  it('endSession: a session that is open is ended once', async () => {
    await world.gateway.call('/v1/halftone/session', { key: null, body: { key: world.gateway.adminKey } })
    const { body } = await world.gateway.call<{ data: { id: string }[] }>('/v1/halftone/sessions')
    const end = () => world.gateway.call(`/v1/halftone/sessions/${body.data[0]?.id}`, { method: 'DELETE' })
    const ended = await end()
    expect(strictly(endpoints.endSession.response).safeParse(ended.body).error).toBeUndefined()
    expect((await end()).status).toBe(404)
    for (const name of ['endSession', 'startOidc', 'finishOidc'] as const) exercised.add(name)
  })

  it('every endpoint of the table was exercised', () => {
    expect(all.map(([name]) => name).filter((name) => !exercised.has(name))).toEqual([])
  })

  it('the document lists every endpoint with its method', async () => {
    const { body } = await world.gateway.call<{ paths: Record<string, Record<string, { operationId: string }>> }>('/openapi.json')
    for (const [name, { path, method }] of all) expect(body.paths[path]?.[method.toLowerCase()]?.operationId).toBe(name)
  })

  it('strictness is proven: a field nobody declared is found, at any depth', () => {
    const schema = z.object({ data: z.array(z.object({ id: z.string() })), next: z.object({ at: z.string() }).nullable() })
    expect(strictly(schema).safeParse({ data: [{ id: 'a' }], next: null }).success).toBe(true)
    expect(strictly(schema).safeParse({ data: [{ id: 'a', more: 1 }], next: null }).success).toBe(false)
    expect(strictly(schema).safeParse({ data: [], next: { at: 'x', more: 1 } }).success).toBe(false)
  })
})
