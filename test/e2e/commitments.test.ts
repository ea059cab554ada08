/** Prices that depend on what was bought before, through a whole gateway: tiers, free units, lots, own GPUs, restarts. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startHalftone } from '../../src/compose.ts'
import { openSqliteLedger } from '../../src/storage/index.ts'
import { ADMIN_KEY, compatibleProvider, doubleCapabilities, startTestGateway, type TestGateway } from '../support/gateway.ts'
import { type ProviderDouble, startProviderDouble } from '../support/provider-double.ts'

let double: ProviderDouble
let gateway: TestGateway | undefined

beforeEach(async () => {
  double = await startProviderDouble()
})
afterEach(async () => {
  await gateway?.close()
  gateway = undefined
  await double.close()
})

interface Images {
  readonly halftone: { readonly request_id: string; readonly cost_usd: string; readonly offer: string }
}

const rates = (tiers: object) => [{ id: 'own', meter: 'images.out', price: '0.04', effectiveFrom: '2026-01-01', ...tiers }]
const provider = (price: object, models: readonly object[] = [{ model: 'acme/painter', ...doubleCapabilities }]): object => ({
  ...compatibleProvider(double, { models: models as object[], retries: 0 }),
  prices: { 'acme/painter': price },
})
const start = async (providers: object): Promise<TestGateway> => {
  gateway = await startTestGateway({ config: { providers } })
  return gateway
}
const generate = async (body: object = {}): Promise<Images> => {
  if (!gateway) throw new Error('no gateway')
  const answer = await gateway.call<Images>('/v1/images/generations', {
    body: { model: 'acme/painter', prompt: 'a red fox', ...body },
  })
  expect(answer.status, JSON.stringify(answer.body)).toBe(200)
  return answer.body
}
const costs = async (calls: readonly object[]): Promise<string[]> => {
  const found: string[] = []
  for (const call of calls) found.push((await generate(call)).halftone.cost_usd)
  return found
}
/** The ledger of the gateway's folder, once the gateway has let go of it. */
async function stoppedLedger<T>(look: (ledger: Awaited<ReturnType<typeof openSqliteLedger>>) => Promise<T>): Promise<T> {
  if (!gateway) throw new Error('no gateway')
  await gateway.halftone.close()
  const ledger = await openSqliteLedger({ dataDir: `${gateway.folder}/data`, now: () => Date.now() * 1_000 })
  try {
    return await look(ledger)
  } finally {
    await ledger.close()
  }
}
const restart = async (): Promise<{ url: string; close(): Promise<void> }> => {
  if (!gateway) throw new Error('no gateway')
  await gateway.halftone.close()
  const env = {
    HALFTONE_PORT: '0',
    HALFTONE_DATA_DIR: `${gateway.folder}/data`,
    HALFTONE_ADMIN_KEY: ADMIN_KEY,
    HALFTONE_LOG_LEVEL: 'silent',
  }
  return startHalftone({ env, cwd: gateway.folder })
}

const tiers = (mode: 'graduated' | 'volume') => ({
  tiers: {
    mode,
    scope: 'month',
    steps: [
      { from: '0', price: '0.05' },
      { from: '3', price: '0.02' },
    ],
  },
})

describe('tiers of the month', () => {
  it('graduated: the call that crosses the border is split, and the ones after it cost less', async () => {
    await start({ double: provider({ rates: rates(tiers('graduated')) }) })
    expect(await costs([{ n: 2 }, { n: 2 }, {}])).toEqual(['0.10', '0.07', '0.02'])
  })

  it('volume: all units of the call that reaches the tier have its price', async () => {
    await start({ double: provider({ rates: rates(tiers('volume')) }) })
    expect(await costs([{ n: 2 }, { n: 2 }, {}])).toEqual(['0.10', '0.04', '0.02'])
  })

  it('the volume outlives the process, and each charge names the one it was priced at', async () => {
    await start({ double: provider({ rates: rates(tiers('graduated')) }) })
    await costs([{ n: 2 }])
    const again = await restart()
    try {
      const response = await fetch(`${again.url}/v1/images/generations`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_KEY}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'acme/painter', prompt: 'a blue fox', n: 2 }),
      })
      const body = (await response.json()) as Images
      expect(body.halftone.cost_usd).toBe('0.07')
      await again.close()
      const record = await stoppedLedger((ledger) => ledger.read.request(body.halftone.request_id))
      expect(record?.attemptRows[0]?.charges.map(({ volumeBefore }) => volumeBefore)).toEqual(['2'])
    } finally {
      await again.close()
    }
  })

  it('free units of the month are used up once', async () => {
    const free = {
      id: 'free',
      kind: 'freeUnits',
      description: 'Three a month',
      meter: 'images.out',
      quantity: '3',
      scope: 'month',
    }
    await start({ double: provider({ rates: rates({}), adjustments: [free] }) })
    expect(await costs([{ n: 2 }, { n: 2 }, {}])).toEqual(['0.00', '0.04', '0.04'])
  })
})

describe('commitments', () => {
  const credits = (amount: string, paid: string) => ({
    kind: 'prepaidCredits',
    id: 'credits',
    lots: [{ amount, paid, expiresAt: '2099-01-01' }],
  })

  it('credits pay for calls while they last: the price stays, what is billed goes', async () => {
    await start({ double: provider({ perImage: '0.04', commitments: [credits('0.1', '0.05')] }) })
    const ids: Images['halftone'][] = []
    for (const n of [2, 2]) ids.push((await generate({ n })).halftone)
    expect(ids.map(({ cost_usd }) => cost_usd)).toEqual(['0.08', '0.08'])
    const receipts = await Promise.all(ids.map(({ request_id }) => gateway?.receipt(request_id)))
    expect(receipts.map((receipt) => [receipt?.billed_usd, receipt?.effective_usd])).toEqual([
      ['0.00', '0.04'],
      ['0.06', '0.07'],
    ])
    const rows = await stoppedLedger(async (ledger) => {
      const records = await Promise.all(ids.map(({ request_id }) => ledger.read.request(request_id)))
      return { draws: records.map((record) => record?.attemptRows[0]?.draws), lots: await ledger.commitments.lots() }
    })
    const lotId = 'double/credits/1'
    expect(rows.draws).toEqual([
      [{ lotId, drawn: 80_000_000n, coveredNanoUsd: 80_000_000n, effectiveNanoUsd: 40_000_000n }],
      [{ lotId, drawn: 20_000_000n, coveredNanoUsd: 20_000_000n, effectiveNanoUsd: 10_000_000n }],
    ])
    expect(rows.lots).toMatchObject([{ id: lotId, remaining: 0n, provider: 'double' }])
  })

  it('use of a shared lot outside Halftone is recorded once, and routing knows at once', async () => {
    await start({ double: provider({ perImage: '0.04', commitments: [credits('1', '1')] }) })
    const draw = { id: 'statement-7', lot_id: 'double/credits/1', amount: '0.97', source: 'statement of October' }
    for (let times = 0; times < 2; times += 1) {
      const { status, body } = await gateway!.call('/v1/halftone/lots/draws', { body: draw })
      expect([status, body['drawn']]).toEqual([200, '0.97'])
    }
    const { body } = await gateway!.call<{ data: readonly object[] }>('/v1/halftone/lots')
    expect(body.data).toMatchObject([{ id: draw.lot_id, capacity: '1.00', remaining: '0.03', meter: null }])
    const { halftone } = await generate()
    expect((await gateway!.receipt(halftone.request_id)).billed_usd).toBe('0.01')
    const refused = await gateway!.call('/v1/halftone/lots/draws', { body: { ...draw, id: 'other', lot_id: 'none' } })
    expect(refused.status).toBe(404)
  })

  it('routing goes where the next image is paid for already, and back when that is used up', async () => {
    const cheap = {
      ...compatibleProvider(double, { models: [{ model: 'acme/painter', ...doubleCapabilities }] }),
      prices: { '*': { perImage: '0.01' } },
    }
    const committed = provider({ perImage: '0.04', commitments: [credits('0.08', '0.08')] })
    await start({ cheap, committed })
    const offers = []
    for (let call = 0; call < 3; call += 1) offers.push((await generate()).halftone.offer.split(':')[0])
    expect(offers).toEqual(['committed', 'committed', 'cheap'])
  })

  it('GPUs paid by the hour: the time of calls is charged, the idle time of an hour is breakage', async () => {
    const hourUs = 3_600_000_000
    const gpuPool = {
      id: 'rack',
      pricePerGpuHour: '3.6',
      billing: 'wallClock',
      gpus: '2',
      from: '2026-01-01',
      overheadSeconds: '1',
      throughput: [{ imagesPerSecond: '0.5' }],
    }
    await start({ double: provider({ gpuPool }) })
    // 2 images of 2 seconds and one of overhead, at 0.001 a second.
    expect(await costs([{ n: 2 }])).toEqual(['0.005'])
    const found = await stoppedLedger(async (ledger) => {
      const lots = await ledger.commitments.lots()
      const used = lots.find((lot) => lot.remaining < lot.capacity)
      const closed = await ledger.commitments.closeLots({ atUs: used?.expiresUs ?? 0 })
      return { used, closed }
    })
    expect(found.used).toMatchObject({ capacity: 7_200_000_000n, remaining: 7_195_000_000n, paidNanoUsd: 7_200_000_000n })
    expect((found.used?.expiresUs ?? 0) - (found.used?.startsUs ?? 0)).toBe(hourUs)
    expect(found.closed.at(-1)).toEqual({ lotId: found.used?.id, breakageNanoUsd: 7_195_000_000n })
  })
})
