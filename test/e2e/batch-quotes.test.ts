/** What a batch would cost before it begins, and what became of each of its lines. */
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BatchLineWire, BatchQuote, BatchWire } from '../../src/contract/batch-endpoints.ts'
import type { QuoteResponse } from '../../src/contract/quote.ts'
import { parseUsd } from '../../src/core/money.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

const generations = '/v1/images/generations'

let gateway: TestGateway
beforeAll(async () => {
  const config = {
    sandbox: { enabled: 'always', latencyScale: 0 },
    routes: { shop: { models: ['sandbox/flat', 'sandbox/batch'] }, now: { models: ['sandbox/flat'] } },
  }
  gateway = await startTestGateway({ config })
})
afterAll(() => gateway?.close())

const line = (customId: string, body: object, url = generations): string =>
  JSON.stringify({ custom_id: customId, method: 'POST', url, body })
const drawing = (prompt: string, over: object = {}): object => ({ model: 'shop', prompt, size: '256x256', ...over })

async function upload(text: string, key = gateway.adminKey): Promise<string> {
  const form = new FormData()
  form.set('purpose', 'batch')
  form.set('file', new File([text], 'in.jsonl'))
  const headers = { authorization: `Bearer ${key}` }
  const answer = await fetch(`${gateway.url}/v1/files`, { method: 'POST', headers, body: form })
  return ((await answer.json()) as { id: string }).id
}

const quoteOf = async (lines: readonly string[], endpoint = generations): Promise<BatchQuote> => {
  const body = { input_file_id: await upload(lines.join('\n')), endpoint }
  const answer = await gateway.call<BatchQuote>('/v1/halftone/batches/quote', { body })
  expect(answer.status).toBe(200)
  return answer.body
}

async function done(lines: readonly string[]): Promise<BatchWire> {
  const body = { input_file_id: await upload(lines.join('\n')), endpoint: generations, completion_window: '24h' }
  const { body: made } = await gateway.call<BatchWire>('/v1/batches', { body })
  const read = async () => (await gateway.call<BatchWire>(`/v1/batches/${made.id}`)).body
  await expect.poll(async () => (await read()).completed_at, { timeout: 60_000 }).not.toBeNull()
  return read()
}
const linesOf = async (id: string, query = '') =>
  (await gateway.call<{ data: BatchLineWire[]; next_cursor: string | null }>(`/v1/halftone/batches/${id}/lines${query}`)).body

describe('the quote of a batch', () => {
  it('is the sum of its lines, each in the lane it would be done in, and what the batch then costs', async () => {
    const lines = [
      line('a', drawing('a fox')),
      line('b', drawing('a boat', { n: 3 })),
      line('c', drawing('a hill', { model: 'now' })),
    ]
    const quote = await quoteOf(lines)
    expect(quote).toMatchObject({ lines: 3, priced: 3, complete: true, images: 5, errors: [], refused: [], refused_count: 0 })
    expect(quote.products).toMatchObject([
      { offer: 'sandbox:sandbox/batch+batch', lines: 2, images: 4 },
      { offer: 'sandbox:sandbox/flat', lines: 1, images: 1 },
    ])
    expect(quote.products.reduce((sum, { expected_usd }) => sum + parseUsd(expected_usd), 0n)).toBe(parseUsd(quote.expected_usd))
    const batch = await done(lines)
    expect(batch.halftone.cost_usd).toBe(quote.expected_usd)
  })

  it('makes nothing, and says of lines what would fail alone and what would fail the whole', async () => {
    const before = (await gateway.requests()).length
    const quote = await quoteOf([
      line('good', drawing('a tree')),
      line('bad', drawing('a tree', { size: 'huge' })),
      line('none', drawing('a tree', { model: 'no/such' })),
      line('dear', drawing('a tree', { halftone: { max_cost_usd: '0.000001' } })),
      line('good', drawing('a tree')),
      '{"custom_id": "cut',
    ])
    expect(quote).toMatchObject({ lines: 4, priced: 1, images: 1, refused_count: 3 })
    expect(quote.refused.map(({ code, line: at }) => [code, at])).toEqual([
      ['invalid_value', 2],
      ['model_not_found', 3],
      ['cost_limit_exceeded', 4],
    ])
    expect(quote.errors.map(({ code, line: at }) => [code, at])).toEqual([
      ['invalid_value', 5],
      ['invalid_json', 6],
    ])
    expect(await gateway.requests()).toHaveLength(before)
  })

  it('measures pictures that are in the file, and fetches none', async () => {
    const png = await sharp({ create: { width: 64, height: 64, channels: 3, background: '#c33' } })
      .png()
      .toBuffer()
    const edit = (name: string, image: object) =>
      line(name, { ...drawing('blue', { model: 'sandbox/visual' }), images: [image] }, '/v1/images/edits')
    const inline = edit('inline', { image_url: `data:image/png;base64,${png.toString('base64')}` })
    // Nothing answers at this address, which nobody may ask anyway.
    const far = edit('far', { image_url: 'http://127.0.0.1:9/a.png' })
    const quote = await quoteOf([inline, far], '/v1/images/edits')
    expect(quote).toMatchObject({ priced: 2, assumed_sizes: 1, refused: [] })
    const single = await gateway.call<QuoteResponse>('/v1/halftone/quote', {
      body: { ...drawing('blue', { model: 'sandbox/visual' }), operation: 'edit', inputs: [{ width: 64, height: 64 }] },
    })
    expect(parseUsd((await quoteOf([inline], '/v1/images/edits')).expected_usd)).toBe(
      parseUsd(single.body.candidates.find(({ choice }) => choice === 1)?.expected_usd ?? ''),
    )
  })

  it("is of one's own files alone", async () => {
    const body = { input_file_id: await upload(line('a', drawing('x'))), endpoint: generations }
    const { secret } = await gateway.createKey()
    expect((await gateway.call('/v1/halftone/batches/quote', { body, key: secret })).status).toBe(404)
  })

  it('of thousands of lines lets others be answered meanwhile', async () => {
    const lines = Array.from({ length: 3_000 }, (_, index) => line(`l${index}`, drawing(`picture ${index}`)))
    let isOver = false
    const quoting = quoteOf(lines).finally(() => {
      isOver = true
    })
    let answered = 0
    while (!isOver) {
      await gateway.call('/v1/halftone/status')
      answered += 1
    }
    expect((await quoting).priced).toBe(3_000)
    expect(answered).toBeGreaterThan(5)
  }, 120_000)
})

describe('the lines of a batch', () => {
  it('say how each ended, and lead to its request where one was made', async () => {
    const { id } = await done([
      line('good', drawing('a tree')),
      line('bad', drawing('a tree', { size: 'huge' })),
      line('late', drawing('a tree')),
    ])
    const { data, next_cursor } = await linesOf(id)
    expect(next_cursor).toBeNull()
    expect(data.map(({ line: at, custom_id, state, error }) => [at, custom_id, state, error?.code])).toEqual([
      [1, 'good', 'done', undefined],
      [2, 'bad', 'failed', 'invalid_value'],
      [3, 'late', 'done', undefined],
    ])
    expect(data[1]).toMatchObject({ http_status: 400, error: { param: 'size' } })
    for (const { request_id: requestId } of data) {
      if (requestId !== null) expect((await gateway.call(`/v1/halftone/requests/${requestId}`)).status).toBe(200)
    }
    expect(data[0]?.request_id).not.toBeNull()
    expect((await linesOf(id, '?state=failed')).data.map(({ line: at }) => at)).toEqual([2])
    const first = await linesOf(id, '?limit=2')
    expect([first.data.length, first.next_cursor]).toEqual([2, '2'])
    expect((await linesOf(id, `?limit=2&after=${first.next_cursor}`)).data.map(({ line: at }) => at)).toEqual([3])
  })

  it("are nobody else's", async () => {
    const { id } = await done([line('mine', drawing('a tree'))])
    const { secret } = await gateway.createKey()
    expect((await gateway.call(`/v1/halftone/batches/${id}/lines`, { key: secret })).status).toBe(404)
  })
})
