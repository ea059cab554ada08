import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { charge, newReserve, newSettle } from '../../test/support/ledger-rows.ts'
import { bookOf, offerOf, rateOf, settleOf, skuOf } from '../../test/support/pricing.ts'
import { compilePriceBooks, settleCharges } from '../core/pricing/index.ts'
import type { Commitment, Sku } from '../core/pricing/price-book.ts'
import type { Ledger } from '../ports/ledger.ts'
import { openSqliteLedger } from '../storage/index.ts'
import { createPurchases, type Purchases } from './purchases.ts'

const HOUR_US = 3_600_000_000
const at = (text: string): number => Date.parse(text) * 1_000
const offer = offerOf('acme/one', 'house', { providerType: 'acme' })
const images = (count: bigint) => ({ 'images.out': count * 1_000_000n })

let dataDir: string
let ledger: Ledger
let epoch: number
const clock = { us: 0, nowUs: () => clock.us }

beforeEach(async () => {
  clock.us = at('2026-11-22T10:30:00Z')
  dataDir = await mkdtemp(join(tmpdir(), 'halftone-purchases-'))
  ledger = await openSqliteLedger({ dataDir, now: clock.nowUs })
  epoch = (await ledger.openNode({ nodeId: 'node-1', leaseMs: 60_000 })).epoch
})
afterEach(async () => {
  await ledger.close()
  await rm(dataDir, { recursive: true, force: true })
})

const tiers = { mode: 'graduated', scope: 'month', steps: [{ from: '0', price: '0.04' }] } as const
const stateOf = (more: Partial<Sku>) => {
  const book = bookOf([skuOf({ id: 'sku', rates: [rateOf({ tiers })], ...more })])
  return {
    offers: [offer],
    prices: compilePriceBooks({ books: [], fx: [], overlays: [{ provider: 'house', book, hash: 'own' }] }),
  }
}
const open = (more: Partial<Sku> = {}, nodeId = 'node-1'): Promise<Purchases> => {
  const state = stateOf(more)
  return createPurchases({ ledger, clock, nodeId, current: () => state })
}

/** A call of so many images, through the ledger as the gateway settles it. */
async function buy(purchases: Purchases, more: Partial<Sku> = {}, n = 1): Promise<void> {
  const settlement = settleCharges(stateOf(more).prices, settleOf({ offer, settings: { n } }))
  const consumption = purchases.settled(offer, settlement)
  const reserve = newReserve({ nodeId: 'node-1', epoch }, { attempt: { provider: 'house', offer: offer.id } })
  await ledger.reserve(reserve)
  const total = settlement.kind === 'charged' ? settlement.totalNanoUsd : 0n
  await ledger.settle(newSettle(reserve, { charges: [charge(total)], settledUs: clock.us, ...(consumption && { consumption }) }))
}

describe('volumes in memory', () => {
  test('the next call is priced after this one, before the ledger was read again', async () => {
    const purchases = await open()
    await buy(purchases, {}, 3)
    expect(purchases.inputsFor(offer)).toMatchObject({ monthToDate: images(3n), contractToDate: images(3n) })
  })

  test('reading the ledger again counts no call twice', async () => {
    const purchases = await open()
    await buy(purchases)
    await purchases.sync()
    await buy(purchases)
    await purchases.sync()
    expect(purchases.inputsFor(offer).monthToDate).toEqual(images(2n))
  })

  test('another node sees them at its next reading, and a node that starts at once', async () => {
    const here = await open()
    const there = await open({}, 'node-2')
    await buy(here)
    expect(there.inputsFor(offer).monthToDate).toEqual({})
    await there.sync()
    expect(there.inputsFor(offer).monthToDate).toEqual(images(1n))
    expect((await open({}, 'node-3')).inputsFor(offer).monthToDate).toEqual(images(1n))
  })

  test('a new month begins at nothing, also before the next reading; the contract goes on', async () => {
    const here = await open()
    const there = await open({}, 'node-2')
    await buy(here)
    await there.sync()
    clock.us = at('2026-12-01T00:00:01Z')
    for (const node of [here, there]) expect(node.inputsFor(offer)).toMatchObject({ monthToDate: {}, contractToDate: images(1n) })
  })

  test('a contract counts from its own first day', async () => {
    const purchases = await open({ contract: { from: '2026-11-23' } })
    await buy(purchases)
    expect(purchases.inputsFor(offer).contractToDate).toEqual({})
  })
})

describe('lots', () => {
  const reserved = {
    kind: 'reservedCapacity',
    id: 'hour',
    pricePerHour: '6',
    units: '1',
    meter: 'images.out',
    perHour: '60',
    from: '2026-01-01',
  } as const satisfies Commitment
  const breakage = async () => (await ledger.read.totals({ sandbox: false })).costNanoUsd

  test('hours are made ahead, closed a minute after their end, and their idle part is breakage', async () => {
    const purchases = await open({ commitments: [reserved] })
    await buy(purchases, {}, 3)
    expect(purchases.inputsFor(offer).lots?.find(({ remaining }) => remaining === 57_000_000n)).toBeDefined()
    clock.us = at('2026-11-22T11:00:30Z')
    await purchases.sync()
    expect(await breakage()).toBe(120_000_000n)
    clock.us += 31_000_000
    await purchases.sync()
    expect(await breakage()).toBe(120_000_000n + 5_700_000_000n)
  })

  test('hours that passed while no node ran are posted, once; those before the commitment was known are not', async () => {
    await open({ commitments: [reserved] })
    expect(
      (await ledger.commitments.lots()).map(({ startsUs }) => startsUs / HOUR_US - at('2026-11-22T00:00:00Z') / HOUR_US),
    ).toEqual([10, 11, 12])
    clock.us = at('2026-11-22T20:02:00Z')
    const again = await open({ commitments: [reserved] })
    await again.sync()
    expect(await breakage()).toBe(10n * 6_000_000_000n)
  })

  test('two nodes make and close the same lots once', async () => {
    const nodes = [await open({ commitments: [reserved] }), await open({ commitments: [reserved] }, 'node-2')]
    clock.us = at('2026-11-22T11:02:00Z')
    await Promise.all(nodes.map((node) => node.sync()))
    expect(await breakage()).toBe(6_000_000_000n)
  })

  test('a minimum spend that is not reached is paid all the same, at the end of its month', async () => {
    const commitments = [{ kind: 'minimumSpend', amount: '1', period: 'month' }] as const
    const purchases = await open({ commitments })
    await buy(purchases, {}, 10)
    clock.us = at('2026-12-01T00:02:00Z')
    await purchases.sync()
    expect(await breakage()).toBe(1_000_000_000n)
  })

  test('a configuration without commitments draws on none, and asks the ledger for nothing', async () => {
    const purchases = await open({ rates: [rateOf()] })
    const before = ledger.stats().commands
    await purchases.sync()
    expect(ledger.stats().commands).toBe(before)
    expect(purchases.inputsFor(offer)).toEqual({})
  })
})
