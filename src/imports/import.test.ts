import { describe, expect, it } from 'vitest'
import { decimalText } from './amount.ts'
import { type FormatName, parseFiles } from './index.ts'
import type { Parsed } from './types.ts'

const parse = (format: FormatName, texts: readonly string[], columns: Record<string, string> = {}, provider?: string): Parsed =>
  parseFiles(
    format,
    texts.map((text, index) => ({ name: `file-${index + 1}`, text })),
    { columns: new Map(Object.entries(columns)), ...(provider !== undefined && { provider }) },
  )
const said = ({ problems }: Parsed): readonly string[] => problems.map(({ file, at, message }) => `${file}: ${at} ${message}`)

describe('amounts', () => {
  it.each([
    [0.045, '0.045'],
    ['0.04', '0.04'],
    ['$1,234.5', '1234.50'],
    [1e-7, '0.0000001'],
    [0.060000000000000005, '0.06'],
    ['0.0000000005', '0.00'],
    ['0.0000000015', '0.000000002'],
    [0, '0.00'],
    [-3, '-3.00'],
    ['12,34', undefined],
    ['free', undefined],
    [Number.NaN, undefined],
    [null, undefined],
  ])('%s is %s', (value, expected) => {
    expect(decimalText(value)).toBe(expected)
  })
})

// The field names are those of OpenAI's published document (`UsageTimeBucket`, `CostsResult`, `UsageImagesResult`).
const page = (...buckets: readonly object[]): string =>
  JSON.stringify({ object: 'page', data: buckets, has_more: false, next_page: null })
const day = (startTime: number, ...results: readonly object[]): object => ({
  object: 'bucket',
  start_time: startTime,
  end_time: startTime + 86_400,
  results,
})
const cost = (item: string | null, value: number, currency = 'usd'): object => ({
  object: 'organization.costs.result',
  amount: { value, currency },
  line_item: item,
  project_id: null,
})
const made = (model: string | null, images: number): object => ({
  object: 'organization.usage.images.result',
  images,
  num_model_requests: images,
  model,
})
const OCTOBER_1 = 1_790_812_800

describe('openai', () => {
  it('joins the pictures of a day to the first line item of their model, so that they count once', () => {
    const costs = page(
      day(OCTOBER_1, cost('gpt-image-1, image output', 1.68), cost('gpt-image-1, text input', 0.02), cost('gpt-5, output', 3)),
    )
    const usage = page(day(OCTOBER_1, made('gpt-image-1', 42)))
    const { rows, skipped, problems } = parse('openai', [costs, usage])
    expect(problems).toEqual([])
    expect(rows.map(({ model, images, amount_usd, at }) => ({ model, images, amount_usd, at }))).toEqual([
      { model: 'openai/gpt-image-1', images: 42, amount_usd: '1.68', at: '2026-10-01T00:00:00.000Z' },
      { model: 'openai/gpt-image-1', images: 0, amount_usd: '0.02', at: '2026-10-01T00:00:00.000Z' },
    ])
    expect([...skipped]).toEqual([['gpt-5, output', 1]])
  })

  it.each([
    ['usage without costs', [page(day(OCTOBER_1, made('dall-e-3', 2)))], /dall-e-3 has pictures and no cost/],
    ['costs that are not grouped', [page(day(OCTOBER_1, cost(null, 1)))], /group_by\[\]=line_item/],
    ['usage that is not grouped', [page(day(OCTOBER_1, made(null, 1)))], /group_by\[\]=model/],
    ['another currency', [page(day(OCTOBER_1, cost('gpt-image-1', 1, 'eur')))], /not USD/],
    ['a text that is no JSON', ['<html>'], /not JSON/],
    ['another object', ['{"error":{}}'], /no list "data"/],
    ['a negative amount', [page(day(OCTOBER_1, cost('gpt-image-1', -1)))], /negative/],
  ])('refuses %s', (_, texts, message) => {
    expect(said(parse('openai', texts)).join('\n')).toMatch(message)
  })
})

describe('fal', () => {
  const event = (fields: object = {}): object => ({
    request_id: 'a1',
    endpoint_id: 'fal-ai/flux/dev',
    timestamp: '2026-10-05T00:00:08Z',
    output_units: 2,
    unit_price: 0.025,
    cost_total: 0.045,
    cost_estimate_nano_usd: 45_000_000,
    ...fields,
  })
  const events = (...list: readonly object[]): string =>
    JSON.stringify({ billing_events: list, next_cursor: null, has_more: false })

  it('takes what was charged after discounts, to the nano-dollar', () => {
    const { rows } = parse('fal', [events(event({ cost_estimate_nano_usd: 45_000_001 }))])
    expect(rows).toMatchObject([
      { evidence_id: 'a1', model: 'fal-ai/flux/dev', amount_usd: '0.045000001', images: 1, provenance: 'invoiced' },
    ])
  })

  it('counts units as pictures only where the event says that they are', () => {
    expect(parse('fal', [events(event({ unit: 'images' }))]).rows[0]?.images).toBe(2)
    expect(parse('fal', [events(event({ unit: 'megapixels' }))]).rows[0]?.images).toBe(1)
  })

  it('reads several pages, and takes an event that is on two of them once', () => {
    const { rows, problems } = parse('fal', [events(event()), events(event(), event({ request_id: 'b2' }))])
    expect([rows.length, problems.length]).toEqual([2, 0])
  })

  it('refuses one request with two different charges', () => {
    expect(said(parse('fal', [events(event(), event({ cost_estimate_nano_usd: 1 }))]))).toEqual([
      expect.stringContaining('stands twice with different content ($0.045 and $0.000000001)'),
    ])
  })

  it('leaves out what makes no pictures', () => {
    const { rows, skipped } = parse('fal', [events(event({ endpoint_id: 'fal-ai/whisper' }))])
    expect([rows.length, [...skipped]]).toEqual([0, [['fal-ai/whisper', 1]]])
  })
})

it('openrouter: dollars per day and endpoint, of image models only', () => {
  const item = (model: string): object => ({
    date: '2026-10-05',
    model,
    model_permaslug: model,
    endpoint_id: `e-${model}`,
    provider_name: 'Google',
    usage: 0.39,
    byok_usage_inference: 0.012,
    requests: 10,
    prompt_tokens: 1,
    completion_tokens: 1,
    reasoning_tokens: 0,
  })
  const { rows, skipped } = parse('openrouter', [
    JSON.stringify({ data: [item('google/gemini-3-pro-image'), item('openai/gpt-5')] }),
  ])
  expect(rows).toMatchObject([
    { model: 'google/gemini-3-pro-image', amount_usd: '0.39', images: 0, requests: 10, provenance: 'reported' },
  ])
  expect(rows[0]?.description).toContain('$0.012 more')
  expect([...skipped.keys()]).toEqual(['openai/gpt-5'])
})

describe('litellm', () => {
  const log = (fields: object = {}): object => ({
    request_id: 'chatcmpl-1',
    call_type: 'aimage_generation',
    spend: 0.04,
    startTime: '2026-10-05T10:00:00.000000Z',
    endTime: '2026-10-05T10:00:12.500000Z',
    model: 'openai/dall-e-3',
    model_group: 'dall-e-3',
    custom_llm_provider: 'openai',
    end_user: 'customer-7',
    request_tags: ['campaign:summer', 'beta'],
    ...fields,
  })

  it('keeps who it was for, how long it took, and that the amount is an estimate', () => {
    const { rows } = parse('litellm', [JSON.stringify([log(), log({ request_id: '2', call_type: 'acompletion' })])])
    expect(rows).toEqual([
      {
        evidence_id: 'chatcmpl-1',
        at: '2026-10-05T10:00:00.000Z',
        provider: 'openai',
        model: 'dall-e-3',
        operation: 'generate',
        images: 1,
        amount_usd: '0.04',
        provenance: 'estimated',
        requests: 1,
        outcome: 'succeeded',
        duration_ms: 12_500,
        end_customer: 'customer-7',
        tags: { campaign: 'summer', beta: 'yes' },
      },
    ])
  })

  it('takes lines of JSON, times without a zone as UTC, and failures that cost', () => {
    const lines = [
      log({ startTime: '2026-10-05 10:00:00', status: 'failure' }),
      log({ request_id: '2', call_type: 'aimage_edit' }),
    ]
    const { rows } = parse('litellm', [lines.map((line) => JSON.stringify(line)).join('\n')])
    expect(rows.map(({ at, outcome, operation, images }) => ({ at, outcome, operation, images }))).toEqual([
      { at: '2026-10-05T10:00:00.000Z', outcome: 'error', operation: 'generate', images: 0 },
      { at: '2026-10-05T10:00:00.000Z', outcome: 'succeeded', operation: 'edit', images: 1 },
    ])
  })
})

describe('csv', () => {
  it('maps headings to words, and keeps rows that say the same, for all of them are spend', () => {
    const text = 'Date;x\n'
    expect(said(parse('csv', [text])).join()).toMatch(/no rows|no column/)
    const table =
      'Date,Model,Cost (USD),tag:campaign\n2026-10-01,acme/paint,"$1,000.10",summer\n2026-10-01,acme/paint,"$1,000.10",summer\n'
    const { rows, problems } = parse('csv', [table], { at: 'Date', model: 'Model', amount_usd: 'Cost (USD)' }, 'acme')
    expect(problems).toEqual([])
    expect(rows.map((row) => row.amount_usd)).toEqual(['1000.10', '1000.10'])
    expect(new Set(rows.map((row) => row.evidence_id)).size).toBe(2)
    expect(rows[0]?.tags).toEqual({ campaign: 'summer' })
  })

  it('names the line of every problem', () => {
    const table =
      'at,model,amount_usd,images,quality\n2026-10-01,acme/paint,1,two,high\nsoon,acme/paint,1,1,high\n2026-10-01,acme/paint,1,1,superb\n'
    const problems = said(parse('csv', [table], {}, 'acme')).join('\n')
    expect(problems).toMatch(/line 2, images/)
    expect(problems).toMatch(/line 3, at/)
    expect(problems).toMatch(/line 4, quality/)
  })

  it('says which column is missing, and which there are', () => {
    expect(said(parse('csv', ['day,model,usd\n2026-10-01,a/b,1\n'], { at: 'day' }, 'acme'))).toEqual([
      expect.stringContaining(
        'has no column "amount_usd"; say which one it is with --column amount_usd=<heading>. There are: day, model, usd.',
      ),
    ])
  })
})
