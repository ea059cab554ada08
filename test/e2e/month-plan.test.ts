/** Choices by the plan of the month, through a whole gateway: what was asked for before decides where tiers are worth reaching. */
import { readdirSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Halftone, startHalftone } from '../../src/compose.ts'
import type { Explanation } from '../../src/contract/records.ts'
import { ADMIN_KEY, compatibleProvider, doubleCapabilities, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let double: ProviderDouble
let gateway: TestGateway | undefined
let again: Halftone | undefined

beforeEach(async () => {
  double = await startProviderDouble()
})
afterEach(async () => {
  await again?.close()
  await gateway?.close()
  again = undefined
  gateway = undefined
  await double.close()
})

interface Images {
  readonly halftone: { readonly request_id: string; readonly cost_usd: string; readonly offer: string }
}

const DAY_US = 86_400_000_000

const flat = { perImage: '0.04' }
const tiered = (mode: 'graduated' | 'volume', from: string): object => ({
  rates: [
    {
      id: 'tiered',
      meter: 'images.out',
      price: '0.05',
      effectiveFrom: '2026-01-01',
      tiers: {
        mode,
        scope: 'month',
        steps: [
          { from: '0', price: '0.05' },
          { from, price: '0.02' },
        ],
      },
    },
  ],
})

const provider = (price: object): object => ({
  ...compatibleProvider(double, { models: [{ model: 'acme/painter', ...doubleCapabilities }], retries: 0 }),
  prices: { 'acme/painter': price },
})

/** A gateway of these two, after days on which so many pictures were asked for through the route `shop`. */
async function gatewayAfter(days: readonly number[], terms: object): Promise<string> {
  const config = {
    providers: { flat: provider(flat), tiered: provider(terms) },
    routes: { shop: { models: ['acme/painter'] } },
  }
  gateway = await startTestGateway({ config })
  const first = await gateway.call<Images>('/v1/images/generations', { body: { model: 'shop', prompt: 'a red fox' } })
  expect(first.body.halftone.offer, 'nothing is known yet: the price of the moment decides').toBe('flat:acme/painter')
  await gateway.settled()
  await gateway.halftone.close()
  writeHistory(`${gateway.folder}/data`, days)
  again = await startHalftone({
    env: {
      HALFTONE_PORT: '0',
      HALFTONE_DATA_DIR: `${gateway.folder}/data`,
      HALFTONE_ADMIN_KEY: ADMIN_KEY,
      HALFTONE_LOG_LEVEL: 'silent',
    },
    cwd: gateway.folder,
  })
  return again.url
}

/** The sums by day of the one request there is, as if so much of it had been asked for on the days before today, the last one yesterday. */
function writeHistory(dataDir: string, days: readonly number[]): void {
  const file = readdirSync(dataDir).find((name) => /\.(db|sqlite)$/.test(name))
  const db = new DatabaseSync(`${dataDir}/${file}`)
  try {
    const rows = db.prepare('SELECT * FROM insight_days WHERE images > 0').all()
    expect(rows.length).toBeGreaterThan(0)
    for (const row of rows) {
      const names = Object.keys(row)
      const insert = db.prepare(`INSERT INTO insight_days (${names.join()}) VALUES (${names.map(() => '?').join()})`)
      for (const [index, images] of days.entries()) {
        const changed: typeof row = { ...row, images, day_us: Number(row['day_us']) - (days.length - index) * DAY_US }
        insert.run(...names.map((name) => changed[name] ?? null))
      }
    }
  } finally {
    db.close()
  }
}

async function ask<Body>(url: string, path: string, body?: object): Promise<Body> {
  const response = await fetch(`${url}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
    ...(body && { body: JSON.stringify(body) }),
  })
  expect(response.status).toBe(200)
  return (await response.json()) as Body
}

const generate = (url: string): Promise<Images> => ask(url, '/v1/images/generations', { model: 'shop', prompt: 'a blue fox' })

describe('the plan of the month', () => {
  // So much a day that even the last hour of a month reaches the tier.
  const busy = [40_000, 40_000, 40_000, 40_000]

  it.each(['volume', 'graduated'] as const)('%s tiers: volume that reaches one goes there before it is reached', async (mode) => {
    const url = await gatewayAfter(busy, tiered(mode, '20'))
    const { halftone } = await generate(url)
    expect(halftone.offer).toBe('tiered:acme/painter')
    expect(halftone.cost_usd, 'what is charged is the price of the moment').toBe('0.05')
    const explanation = await ask<Explanation>(url, `/v1/halftone/requests/${halftone.request_id}/explain`)
    expect(explanation).toMatchObject({
      month_plan: expect.stringMatching(/^[0-9a-f]{12}$/),
      candidates: [
        { offer: 'tiered:acme/painter', expected_usd: '0.05', planned_usd: 0.02 },
        { offer: 'flat:acme/painter', expected_usd: '0.04' },
      ],
    })
    expect(explanation.candidates[1]?.planned_usd).toBeUndefined()
  })

  it('a tier that the month does not reach is not aimed for', async () => {
    const url = await gatewayAfter(busy, tiered('volume', '100000000'))
    expect((await generate(url)).halftone.offer).toBe('flat:acme/painter')
  })
})
