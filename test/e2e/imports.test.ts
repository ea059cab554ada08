/** Spend that was made elsewhere, told to a real gateway: written once, corrected when the bill changes, out of the way of everything else. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ImportAnswer, ImportRow, ReadImport } from '../../src/contract/imports.ts'
import { startTestGateway, type TestGateway } from '../support/gateway.ts'

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startTestGateway({ env: { HALFTONE_MAX_USD_PER_DAY: '1' } })
})
afterAll(() => gateway.close())

const row = (fields: Partial<ImportRow> = {}): ImportRow => ({
  evidence_id: 'line-1',
  at: '2026-10-05T00:00:00Z',
  provider: 'openai',
  model: 'openai/gpt-image-1',
  images: 42,
  amount_usd: '1.68',
  provenance: 'invoiced',
  ...fields,
})
const send = (rows: readonly unknown[], source = 'openai') =>
  gateway.call<ImportAnswer & { error?: { param: string; message: string } }>('/v1/halftone/imports', {
    method: 'POST',
    body: { source, rows },
  })
const imported = async (source: string) => (await gateway.requests()).filter(({ route }) => route === `import:${source}`)

describe('imported spend', () => {
  it('is written once, however often it is sent, and at once from two sides', async () => {
    const rows = [row(), row({ evidence_id: 'line-2', amount_usd: '0.02', images: 0 })]
    const answers = await Promise.all([send(rows), send(rows)])
    expect(answers.map(({ status }) => status)).toEqual([200, 200])
    expect(answers.reduce((sum, { body }) => sum + body.written, 0)).toBe(2)
    expect((await send(rows)).body).toMatchObject({ written: 0, corrected: 0, unchanged: 2, images: 42, amount_usd: '1.70' })
    expect((await imported('openai')).map(({ cost_usd }) => cost_usd).sort()).toEqual(['0.02', '1.68'])
  })

  it('stands at the time it was spent, with where its amount comes from', async () => {
    const [request] = (await imported('openai')).filter(({ cost_usd }) => cost_usd === '1.68')
    const receipt = await gateway.receipt(request?.id ?? '')
    expect(request).toMatchObject({ created_at: '2026-10-05T00:00:00.000Z', latency_ms: null, sandbox: false })
    expect(JSON.stringify(receipt)).toContain('"provenance":"invoiced"')
    expect(receipt.total_usd).toBe('1.68')
  })

  it('is corrected when the source says something else, forth and back, and what stood is reversed', async () => {
    const amounts = ['0.10', '0.25', '0.10', '0.25']
    const sums = []
    for (const amount_usd of amounts) sums.push((await send([row({ evidence_id: 'open-day', amount_usd })], 'bill')).body)
    expect(sums.map(({ written, corrected }) => [written, corrected])).toEqual([
      [1, 0],
      [0, 1],
      [0, 1],
      [0, 1],
    ])
    const [request] = await imported('bill')
    expect(request?.cost_usd).toBe('0.25')
    const record = await gateway.record(request?.id ?? '')
    expect(record.attempt_rows[0]?.charges.map(({ amount_usd }) => amount_usd)).toEqual([
      '0.10',
      '-0.10',
      '0.25',
      '-0.25',
      '0.10',
      '-0.10',
      '0.25',
    ])
    expect(record.attempt_rows[0]?.images_made).toBe(42)
  })

  it('counts against no budget, and teaches the router nothing', async () => {
    await send([row({ evidence_id: 'dear', amount_usd: '500', at: new Date(Date.now() - 60_000).toISOString() })])
    const { status } = await gateway.call('/v1/images/generations', {
      method: 'POST',
      body: { model: 'auto', prompt: 'a lighthouse', size: '256x256' },
    })
    expect(status).toBe(200)
    const budgets = await gateway.call<{ data: { spent_usd: string }[] }>('/v1/halftone/budgets')
    expect(Number(budgets.body.data[0]?.spent_usd)).toBeLessThan(0.01)
  })

  it.each([
    ['a time to come', row({ at: '2199-01-01T00:00:00Z' }), 'rows.0.at'],
    ['a negative amount', row({ amount_usd: '-1' }), 'rows.0.amount_usd'],
    ['a model with markup', row({ model: '<b>x</b>' }), 'rows.0.model'],
    ['an unknown field', { ...row(), cost: 1 }, 'rows.0.cost'],
  ])('refuses %s by its place', async (_, bad, param) => {
    const { status, body } = await send([bad], 'bad')
    expect([status, body.error?.param]).toEqual([400, param])
    expect(await imported('bad')).toEqual([])
  })

  it('says what would be done, row by row, and does nothing', async () => {
    await send([row({ evidence_id: 'stands' }), row({ evidence_id: 'grows' })], 'dry')
    const rows = [row({ evidence_id: 'new' }), row({ evidence_id: 'grows', amount_usd: '2' }), row({ evidence_id: 'stands' })]
    const look = { method: 'POST', body: { source: 'dry', rows, dry_run: true } }
    const sums = { dry_run: true, written: 1, corrected: 1, unchanged: 1, amount_usd: '5.36' }
    const states = ['written', 'corrected', 'unchanged']
    expect((await gateway.call('/v1/halftone/imports', look)).body).toMatchObject({ ...sums, states })
    expect((await gateway.call('/v1/halftone/imports', look)).body).toMatchObject({ ...sums, states })
    expect((await imported('dry')).map(({ cost_usd }) => cost_usd)).toEqual(['1.68', '1.68'])
    expect((await send(rows, 'dry')).body).toMatchObject({ ...sums, states, dry_run: false })
  })

  it('is read from files as the command reads them: rows, what is left out, and every problem by its place', async () => {
    const read = (body: object) =>
      gateway.call<ReadImport & { error?: { code: string; param: string } }>('/v1/halftone/imports/files', {
        method: 'POST',
        body,
      })
    const files = (text: string) => [{ name: 'october.csv', text }]
    const table = 'Date,Model,Cost\n2026-10-05T10:00:00Z,acme/painter,"$1,200.50"\n2026-10-06T10:00:00Z,acme/painter,0.04\n'
    const columns = { at: 'Date', model: 'Model', amount_usd: 'Cost' }
    const { body } = await read({ format: 'csv', files: files(table), provider: 'acme', columns })
    expect(body.rows.map(({ amount_usd }) => amount_usd)).toEqual(['1200.50', '0.04'])
    expect(body).toMatchObject({ problems: [], problem_count: 0, skipped: [] })
    expect((await send(body.rows, 'files')).body).toMatchObject({ written: 2, amount_usd: '1200.54' })
    const bad = await read({ format: 'csv', files: files('at,model,amount_usd\nyesterday,x,-1\n'), provider: 'acme' })
    expect(bad.body.rows).toEqual([])
    expect(bad.body.problems.map(({ file, at }) => [file, at])).toEqual([
      ['october.csv', 'line 2, at'],
      ['october.csv', 'line 2, amount_usd'],
    ])
    expect((await read({ format: 'constructor', files: files('x') })).body.error).toMatchObject({ param: 'format' })
    const costs = {
      results: [{ object: 'organization.costs.result', line_item: 'gpt-5 tokens', amount: { value: 1, currency: 'usd' } }],
    }
    const other = await read({ format: 'openai', files: files(JSON.stringify({ data: [{ start_time: 1759622400, ...costs }] })) })
    expect(other.body).toMatchObject({ rows: [], skipped: [{ what: 'gpt-5 tokens', rows: 1 }] })
  })

  it('takes files of 2 MiB, and nothing larger', async () => {
    const read = (bytes: number) =>
      gateway.call<{ error?: { code: string; param: string } }>('/v1/halftone/imports/files', {
        method: 'POST',
        body: {
          format: 'csv',
          provider: 'acme',
          files: [{ name: 'x.csv', text: `at,model,amount_usd\n${' \n'.repeat(bytes / 2)}` }],
        },
      })
    expect((await read(1.5 * 1024 * 1024)).status).toBe(200)
    expect((await read(2.5 * 1024 * 1024)).body.error).toMatchObject({ code: 'invalid_value', param: 'files' })
    expect((await read(5 * 1024 * 1024)).body.error?.code).toBe('body_too_large')
  })

  it('refuses an evidence id that stands twice, and an unknown project', async () => {
    expect((await send([row(), row()], 'bad')).body.error?.message).toMatch(/stands twice/)
    const { status } = await gateway.call('/v1/halftone/imports', {
      method: 'POST',
      body: { source: 'bad', project_id: 'nobody', rows: [row()] },
    })
    expect(status).toBe(404)
    expect(await imported('bad')).toEqual([])
  })

  it('takes as many rows at once as it says', async () => {
    const rows = Array.from({ length: 500 }, (_, index) =>
      row({ evidence_id: `many-${index}`, amount_usd: '0.001', description: 'x'.repeat(400) }),
    )
    expect((await send(rows, 'many')).body).toMatchObject({ written: 500, amount_usd: '0.50' })
  })

  it('is for those who may change money', async () => {
    const { secret } = await gateway.createKey()
    const { status } = await gateway.call('/v1/halftone/imports', {
      method: 'POST',
      key: secret,
      body: { source: 'bad', rows: [row()] },
    })
    expect(status).toBe(403)
  })
})
