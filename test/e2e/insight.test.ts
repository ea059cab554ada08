/** The answers about the past against a slow sum over every receipt; and what they do with hostile texts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ExploreResponse, InsightModels, InsightOverview, TagRuleWire } from '../../src/contract/insight.ts'
import type { Receipt, RequestSummaryWire } from '../../src/contract/records.ts'
import { formatUsd, parseUsd } from '../../src/core/money.ts'
import { compatibleProvider, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let double: ProviderDouble
let gateway: TestGateway
let requests: readonly RequestSummaryWire[]
let receipts: ReadonlyMap<string, Receipt>

const HOSTILE = '=HYPERLINK("http://evil.test"),\n"x'

beforeAll(async () => {
  double = await startProviderDouble()
  gateway = await startTestGateway({
    config: {
      providers: { double: compatibleProvider(double, { retries: 0 }) },
      routes: { cheap: { models: ['acme/painter'], baseline: 'everything' }, everything: { models: ['acme/painter'] } },
      declaredTags: ['campaign'],
    },
  })
  const { secret } = await gateway.createKey({ name: 'shop' })
  const make = (body: object, key = gateway.adminKey) =>
    gateway.call<{ halftone?: { request_id: string } }>('/v1/images/generations', {
      key,
      body: { model: 'acme/painter', prompt: 'a red fox', ...body },
    })
  const first = await make({ n: 2, user: 'ann', halftone: { tags: { campaign: 'sumer' } } })
  await make({ n: 1, model: 'cheap', user: HOSTILE, halftone: { tags: { campaign: HOSTILE } } }, secret)
  await make({ quality: 'high', halftone: { group: 'g' } }, secret)
  double.enqueue({ missing: 1 }, { fault: 'reset_after' }, { status: 400, body: { error: { message: 'No.' } } })
  for (const n of [2, 1, 1]) await make({ n })
  const rated = first.body.halftone?.request_id
  await gateway.call('/v1/halftone/feedback', { body: { request_id: rated, verdict: 'accept' } })
  requests = await gateway.requests()
  receipts = new Map(await Promise.all(requests.map(async ({ id }) => [id, await gateway.receipt(id)] as const)))
})
afterAll(async () => {
  await gateway?.close()
  await double?.close()
})

const sum = (amounts: readonly string[]): string => formatUsd(amounts.reduce((total, amount) => total + parseUsd(amount), 0n))
const attempts = () => [...receipts.values()].flatMap((receipt) => receipt.attempts)
const overview = async (query = '') => (await gateway.call<InsightOverview>(`/v1/halftone/insight/overview${query}`)).body
const explore = (body: object, headers: Record<string, string> = {}) =>
  gateway.call<ExploreResponse>('/v1/halftone/insight/explore', { body, headers })

describe('the overview', () => {
  it('equals a sum over every receipt', async () => {
    const answer = await overview()
    const all = attempts()
    const spent = sum(all.map(({ total_usd: usd }) => usd))
    const images = all.reduce((total, attempt) => total + attempt.images_made, 0)
    expect(requests.length).toBe(6)
    expect(answer).toMatchObject({
      sandbox: false,
      spend: { today_usd: spent, month_to_date_usd: spent, period_usd: spent, previous_usd: '0.00' },
      counts: {
        requests: requests.length,
        delivered: requests.filter(({ outcome }) => outcome === 'succeeded' || outcome === 'partial').length,
        attempts: all.length,
        images,
      },
      acceptance: { accepted: 2, rejected: 0, unrated: images - 2, share: 1 },
      cost_distribution: { images },
    })
    expect(sum(answer.success.by_outcome.map(({ usd }) => usd))).toBe(spent)
    expect(sum(answer.series.points.map(({ total_usd: usd }) => usd))).toBe(spent)
    expect(sum(answer.series.points.flatMap(({ usd }) => Object.values(usd)))).toBe(spent)
    const prices = all
      .filter((attempt) => attempt.images_made > 0)
      .flatMap((attempt) => Array.from({ length: attempt.images_made }, () => Number(attempt.total_usd) / attempt.images_made))
    expect(Number(answer.cost_distribution.max_usd)).toBeCloseTo(Math.max(...prices), 9)
  })

  it('says which money was wasted, by what the receipts say', async () => {
    const { waste } = await overview()
    const of = (...outcomes: string[]) => attempts().filter(({ outcome }) => outcomes.includes(outcome ?? ''))
    const line = (kind: string) => waste.lines.find((each) => each.kind === kind)?.usd
    const unknown = attempts().filter(({ state }) => state === 'unknown')
    expect(unknown.length).toBeGreaterThan(0)
    expect(line('unknown')).toBe(sum(unknown.map(({ total_usd: usd }) => usd)))
    expect(line('refused_billed')).toBe(sum(of('refused').map(({ total_usd: usd }) => usd)))
    expect(sum(waste.lines.map(({ usd }) => usd))).toBe(waste.total_usd)
  })

  it('names the baseline that savings are measured against', async () => {
    const { saved } = await overview()
    const withBaseline = [...receipts.values()].filter(({ baseline }) => baseline)
    expect(saved).toMatchObject([{ baseline: 'everything', requests: 1 }])
    expect(saved[0]?.saved_usd).toBe(withBaseline[0]?.baseline?.saved_usd)
  })

  it('splits the difference into lines that add up to it', async () => {
    const { change } = await overview('?period=7d')
    const lines = (each: { volume_usd: string; price_usd: string; mix_usd: string }) =>
      sum([each.volume_usd, each.price_usd, each.mix_usd])
    expect(sum([lines(change), change.other_usd])).toBe(change.difference_usd)
    for (const cell of change.cells) expect(lines(cell)).toBe(cell.difference_usd)
    expect(sum([...change.cells.map((cell) => cell.difference_usd), change.rest.difference_usd, change.other_usd])).toBe(
      change.difference_usd,
    )
  })

  it('never mixes sandbox and real money', async () => {
    expect(await overview('?sandbox=true')).toMatchObject({
      sandbox: true,
      spend: { period_usd: '0.00' },
      counts: { requests: 0 },
    })
  })
})

describe('explore', () => {
  it.each([
    [['model', 'outcome'], 'day:product'],
    [['project', 'key'], 'day:caller'],
    [['quality', 'prompt_class'], 'day:shape'],
    [['end_customer'], 'day:end_customer'],
    [['group', 'size'], 'day:fine'],
    [['end_customer', 'model'], 'day:fine'],
    [['tag:undeclared'], 'day:fine'],
  ] as const)('by %j adds up to the receipts, answered by %s', async (groupBy, name) => {
    for (const grain of ['none', 'day', 'hour']) {
      const { status, body } = await explore({ period: '7d', group_by: groupBy, grain, limit: 1 })
      expect(status).toBe(200)
      if (grain !== 'hour') expect(body.source.name).toBe(name)
      expect(sum(body.rows.map(({ cost_usd: usd }) => usd))).toBe(sum(attempts().map(({ total_usd: usd }) => usd)))
      expect(body.total.requests).toBe(requests.length)
      expect(body.rows.reduce((total, { images }) => total + images, 0)).toBe(body.total.images)
    }
  })

  it('gives latencies where they are asked for', async () => {
    const { body } = await explore({ group_by: ['model'], measures: ['latency_p50_ms'] })
    expect(body.rows[0]?.latency_p50_ms).toBeGreaterThan(0)
    const { body: without } = await explore({ group_by: ['model'] })
    expect(without.rows[0]?.latency_p50_ms).toBeNull()
  })

  it('filters, and an empty text stands for none', async () => {
    const ann = requests.filter(({ end_customer: customer }) => customer === 'ann')
    const { body } = await explore({ filters: { end_customer: ['ann'] } })
    expect(body.total).toMatchObject({ requests: ann.length, cost_usd: sum(ann.map(({ cost_usd: usd }) => usd)) })
    const { body: nobody } = await explore({ filters: { end_customer: [''] } })
    expect(nobody.total.requests).toBe(requests.length - 2)
    expect(await explore({ filters: { nonsense: ['x'] } })).toMatchObject({ status: 400, body: { error: { param: 'filters' } } })
  })

  it('answers as CSV that no hostile text can turn into a formula or break', async () => {
    const { body, headers } = await explore({ group_by: ['end_customer'] }, { accept: 'text/csv' })
    const text = body as unknown as string
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8')
    expect(text).toContain(`"'=HYPERLINK(""http://evil.test""),\n""x"`)
    expect(text.split('\r\n')[0]).toBe(
      'end_customer,cost_usd,images,requests,attempts,delivered,cost_per_image_usd,success_share,accepted,rejected,latency_p50_ms,latency_p95_ms',
    )
  })

  it('a tag rule labels history, and taken back leaves it as it was', async () => {
    const put = (body: object) => gateway.call<TagRuleWire>('/v1/halftone/tag-rules/typo', { method: 'PUT', body })
    const rule = { name: 'Typo', key: 'campaign', value: 'summer', when: { tag: { key: 'campaign', value: 'sumer' } } }
    const campaigns = async () => (await explore({ group_by: ['tag:campaign'] })).body.rows.map(({ key }) => key[0])
    const before = await campaigns()
    expect(before).toContain('sumer')
    expect((await put(rule)).body).toMatchObject({ id: 'typo', version: 1, enabled: true })
    expect(await campaigns()).toContain('summer')
    expect(await campaigns()).not.toContain('sumer')
    expect(await put({ ...rule, version: 7 })).toMatchObject({ status: 409, body: { error: { code: 'conflict' } } })
    await gateway.call('/v1/halftone/tag-rules/typo', { method: 'DELETE' })
    expect(await campaigns()).toEqual(before)
  })
})

it('models on your traffic cost what their receipts say', async () => {
  const { body } = await gateway.call<InsightModels>('/v1/halftone/insight/models')
  const offer = body.data.filter((row) => row.offer === 'double:acme/painter')
  expect(sum(offer.map(({ spend_usd: usd }) => usd))).toBe(sum(attempts().map(({ total_usd: usd }) => usd)))
  expect(offer.reduce((total, { attempts: count }) => total + count, 0)).toBe(attempts().length)
  expect(offer[0]).toMatchObject({
    configured: true,
    model: 'acme/painter',
    provider: 'double',
    health: { state: expect.any(String) },
  })
  expect(offer[0]?.list_price).toContain('per image')
})

it('an application key sees nothing of it', async () => {
  const { secret } = await gateway.createKey({ name: 'app' })
  expect((await gateway.call('/v1/halftone/insight/overview', { key: secret })).status).toBe(403)
  expect((await gateway.call('/v1/halftone/views', { key: secret })).status).toBe(403)
})
