import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { brief, type ConfigFolder, createConfigFolder } from '../../test/support/config.ts'
import { compilePriceBooks, type PricingInput, quoteCandidate } from '../core/pricing/index.ts'

let folder: ConfigFolder
const load: ConfigFolder['load'] = (yaml, options) => folder.load(yaml, options)
const failure: ConfigFolder['failure'] = (yaml, options) => folder.failure(yaml, options)
beforeEach(async () => {
  folder = await createConfigFolder()
})
afterEach(() => folder.remove())

/** A plain request for `n` images of 1024x1024. */
function pricingInput(provider: string, model: string, n: number): PricingInput {
  const offer = { provider, providerType: 'openai-compatible', model }
  const request = { operation: 'generate', prompt: 'a cat', inputs: [], stream: false, partialImages: 0 } as const
  return {
    candidate: { offer, settings: { size: { width: 1024, height: 1024 }, format: 'png', n } },
    request,
    promptComplexity: 0,
    atUs: Date.UTC(2026, 0, 1) * 1000,
  }
}

describe('what is resolved', () => {
  test('a private base URL may be plain http; a key on it is worth a warning', async () => {
    const hosts = ['localhost:1', '127.0.0.1:1', '[::1]:1', '10.1.2.3', 'gpu', 'gpu.local', '[fd00::1]']
    for (const host of hosts) {
      const { config } = await load(`providers: {a: {type: openai-compatible, baseUrl: "http://${host}/v1/"}}`)
      expect(config.providers['a']?.baseUrl).toBe(`http://${host}/v1`)
    }
    const yaml = (host: string): string => `providers: {a: {type: openai-compatible, apiKey: x, baseUrl: "http://${host}"}}`
    expect((await load(yaml('localhost'))).warnings).toEqual([])
    expect((await load(yaml('gpu'))).warnings.map(brief)).toEqual([
      'halftone.yaml:1:62 providers.a.baseUrl: sends the API key over plain http',
    ])
  })

  test('a provider whose usual variable is not set is worth a warning', async () => {
    const { warnings } = await load('providers: {openai: {}}')
    expect(warnings.map(brief)).toEqual(['halftone.yaml:1:21 providers.openai: has no API key'])
    expect((await load('providers: {openai: {disabled: true}}')).warnings).toEqual([])
  })

  test('models: wire name and publisher/name', async () => {
    const { config } = await load(
      'providers: {gpu: {type: openai-compatible, models: [sdxl, a/b, {model: c/d, region: eu, maxN: 2, sizes: any, defaultSize: 512x512, steps: {default: 20, max: 50}}, {model: e/f, id: weird:id}]}}',
    )
    expect(config.providers['gpu']?.models).toEqual([
      { id: 'sdxl', model: 'gpu/sdxl', capabilities: {} },
      { id: 'a/b', model: 'a/b', capabilities: {} },
      {
        id: 'd',
        model: 'c/d',
        region: 'eu',
        capabilities: {
          maxN: 2,
          sizes: { kind: 'any' },
          defaultSize: { width: 512, height: 512 },
          steps: { default: 20, min: 1, max: 50 },
        },
      },
      { id: 'weird:id', model: 'e/f', capabilities: {} },
    ])
  })

  test('prices: the short form and full rates become SKUs with exact decimals', async () => {
    const { config } = await load(
      `providers:
  gpu:
    type: openai-compatible
    prices:
      a/b: {perImage: 0.04, perRequest: "0.001"}
      free/*: {perImage: 0}
      c/d:
        rates: [{id: c-d, meter: tokens.image.out, price: "40", per: 1000000, effectiveFrom: 2026-01-01}]
        billedPolicy: {success: 1, refusedBefore: 0, refusedAfter: 0.5, providerError: 0, timeout: unknown, cancelled: unknown}
`,
    )
    const book = config.providers['gpu']?.prices
    expect(book).toMatchObject({ provider: 'openai-compatible', unit: 'USD' })
    expect(book?.skus.map(({ model, rates }) => [model, rates.map(({ meter, price, per }) => [meter, price, per])])).toEqual([
      [
        'a/b',
        [
          ['requests', '0.001', undefined],
          ['images.out', '0.04', undefined],
        ],
      ],
      ['free/*', [['images.out', '0', undefined]]],
      ['c/d', [['tokens.image.out', '40', '1000000']]],
    ])
    expect(book?.skus[2]?.billedPolicy).toMatchObject({ success: '1', refusedAfter: '0.5', timeout: 'unknown' })
    const ids = book?.skus.flatMap(({ rates }) => rates.map(({ id }) => id)) ?? []
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('the short form prices a request as written', async () => {
    const { config } = await load(
      'providers: {gpu: {type: openai-compatible, models: [a/b], prices: {a/b: {perImage: 0.04, perRequest: 0.001}}}}',
    )
    const book = config.providers['gpu']?.prices
    const overlays = book ? [{ provider: 'gpu', book, hash: 'test' }] : []
    const prices = compilePriceBooks({ books: [], fx: [], overlays })
    const quote = quoteCandidate(prices, pricingInput('gpu', 'a/b', 3))
    expect(quote).toMatchObject({ kind: 'priced', expectedNanoUsd: 121_000_000n, maxNanoUsd: 121_000_000n })
  })

  test('another price is another rate id', async () => {
    const rateId = async (price: string) =>
      (await load(`providers: {openai: {prices: {a/b: {perImage: ${price}}}}}`)).config.providers['openai']?.prices?.skus[0]
        ?.rates[0]?.id
    expect(await rateId('0.04')).not.toBe(await rateId('0.05'))
    expect(await rateId('0.04')).toBe(await rateId('"0.04"'))
  })

  test('routes, aliases, projects, keys and budgets', async () => {
    const secret = 'hk-0123456789abcdef'
    const { config } = await load(
      `routes: {fast: {models: [a/*], maxCostUsd: 0.05, fallbackOnRefusal: true}, auto: {floor: standard}}
aliases: {dall-e-3: openai/gpt-image-2@medium, x: "p:a/b@eu+batch", y: a/b}
providers: {p: {type: openai}}
storage: {assetTtlDays: 7}
projects: {shop: {tags: {team: a}}}
keys: {ci: {env: CI, project: shop, allowedModels: [auto], maxUsdPerDay: 2}}
budgets: [{id: b, scope: tag, scopeValue: team=a, period: month, limitUsd: 100, hard: false}]
maxUsdPerDay: 9
`,
      { env: { CI: secret } },
    )
    expect(config.routes['fast']).toMatchObject({
      route: 'fast',
      filter: { models: ['a/*'] },
      maxCostNanoUsd: 50_000_000n,
      fallbackOnRefusal: true,
    })
    expect(config.routes['auto']).toMatchObject({ route: 'auto', floor: 'standard', objective: 'cost', payTwice: 'never' })
    expect(config.aliases).toEqual({
      'dall-e-3': { kind: 'model', model: 'openai/gpt-image-2', quality: 'medium' },
      x: { kind: 'offer', offer: 'p:a/b@eu+batch' },
      y: { kind: 'model', model: 'a/b' },
    })
    expect(config.projects['shop']).toEqual({
      id: 'shop',
      name: 'shop',
      promptMode: 'full',
      assetTtlDays: 7,
      tags: { team: 'a' },
      managedBy: 'file',
    })
    expect(config.keys['ci']).toMatchObject({
      hash: createHash('sha256').update(secret).digest('hex'),
      projectId: 'shop',
      role: 'inference',
      allowedModels: ['auto'],
    })
    expect(
      config.budgets.map(({ id, scope, scopeValue, limitNanoUsd, managedBy }) => [
        id,
        scope,
        scopeValue,
        limitNanoUsd,
        managedBy,
      ]),
    ).toEqual([
      ['max-usd-per-day', 'global', '', 9_000_000_000n, 'file'],
      ['key-ci-per-day', 'key', 'ci', 2_000_000_000n, 'file'],
      ['b', 'tag', 'team=a', 100_000_000_000n, 'file'],
    ])
  })

  test('two keys may not be the same, nor the admin key', async () => {
    const same = '0123456789abcdef'
    const yaml = 'keys:\n  a: {env: K}\n  b: {env: K}\n'
    expect((await failure(yaml, { env: { K: same } })).problems.map(brief)).toEqual([
      'halftone.yaml:3:12 keys.b.env: is the same key as keys.a',
    ])
    const env = { K: same, HALFTONE_ADMIN_KEY: same }
    expect((await failure('keys: {a: {env: K}}', { env })).message).toContain('is the same key as HALFTONE_ADMIN_KEY')
  })
})
