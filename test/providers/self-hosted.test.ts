import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compilePriceBooks, quoteCandidate, settleCharges } from '../../src/core/pricing/index.ts'
import { isProviderType, providers, providerTypes } from '../../src/providers/index.ts'
import { optionsOf } from '../../src/providers/usual-keys.ts'
import { readPages } from '../docs/pages.ts'
import { type ConfigFolder, createConfigFolder } from '../support/config.ts'
import { testCandidate, testRequest } from './attempt.ts'

const blocks = readPages()
  .filter(({ path }) => path === 'docs/guide/self-hosted.md')
  .flatMap(({ fences }) => fences)
  .filter(({ info }) => info === 'yaml')

describe("the configurations of the guide to servers of one's own", () => {
  let folder: ConfigFolder
  beforeAll(async () => {
    folder = await createConfigFolder()
  })
  afterAll(() => folder.remove())
  const env = { WEBUI_AUTH: 'me:secret', LITELLM_API_KEY: 'k', PORTKEY_API_KEY: 'k', TOKENMIX_API_KEY: 'k', OPENAI_API_KEY: 'k' }
  const load = async (text: string) => (await folder.load(text, { env, providerTypes, optionsOf })).config.providers

  test.each(blocks)('line $line has options the codec takes and offers it can make', async ({ text }) => {
    const accounts = Object.values(await load(text)).filter(({ managedBy }) => managedBy === 'file')
    expect(accounts.length).toBeGreaterThan(0)
    for (const account of accounts) {
      if (!isProviderType(account.type)) throw new Error(account.type)
      const definition = providers[account.type]
      const checked = 'options' in definition ? definition.options?.safeParse(account.options ?? {}) : undefined
      expect(checked?.error?.issues ?? []).toEqual([])
      const offers = definition.offers(account)
      expect(offers.length > 0 || 'discover' in definition).toBe(true)
    }
  })

  test('a picture of the rack costs its share of the hour, by the seconds that ComfyUI reports', async () => {
    const text = blocks.find((block) => block.text.includes('&pool'))?.text ?? ''
    const { rack } = await load(text)
    if (!rack?.prices) throw new Error('The rack has no prices.')
    const prices = compilePriceBooks({ books: [], fx: [], overlays: [{ provider: 'rack', book: rack.prices, hash: 'rack' }] })
    const offers = providers.comfyui.offers(rack)
    const candidate = testCandidate({ offers }, {}, 'stabilityai/sdxl')
    const input = { candidate, request: testRequest(), promptComplexity: 0.5, atUs: Date.parse('2026-11-22') * 1000 }
    // 0.79 USD per hour with 2160 usable seconds; four seconds a picture were expected, eight were needed.
    const perSecond = 0.79 / (3600 * 0.6)
    const quote = quoteCandidate(prices, input)
    expect(quote.kind).toBe('priced')
    expect(quote.kind === 'priced' && Number(quote.expectedNanoUsd)).toBeCloseTo(4 * perSecond * 1e9, -2)
    const settled = settleCharges(prices, {
      ...input,
      outcome: 'succeeded',
      billed: 'yes',
      imagesMade: 1,
      usage: { 'gpu.seconds': 8_000_000n },
    })
    expect(settled).toMatchObject({ kind: 'charged', provenance: 'metered' })
    expect(settled.kind === 'charged' && Number(settled.totalNanoUsd)).toBeCloseTo(8 * perSecond * 1e9, -2)
  })
})
