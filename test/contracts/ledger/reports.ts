import { v7 as uuidv7 } from 'uuid'
import { beforeAll, expect, test } from 'vitest'
import type { PastCall } from '../../../src/core/report/past-call.ts'
import { charge, newFinish, newReserve, newSettle, T0 } from '../../support/ledger-rows.ts'
import type { OpenedLedger } from '../ledger.ts'

const WITHIN_US = 60_000_000
const span = { fromUs: T0, toUs: T0 + 86_400_000_000, sandbox: false }

interface Planned {
  readonly atUs: number
  readonly fingerprint: string
  readonly keyId: string
  readonly outcome: 'succeeded' | 'partial' | 'failed' | 'cancelled'
  readonly sandbox: boolean
  readonly requestId: string
  readonly attemptId: string
}

/** Few prompts of few keys, close together: every way in which two requests can be equal, or nearly. */
function plannedRequests(count: number): readonly Planned[] {
  // A fixed sequence, so that a failure can be repeated.
  let state = 1
  const below = (bound: number): number => {
    state = (state * 48_271) % 2_147_483_647
    return state % bound
  }
  let atUs = T0
  return Array.from({ length: count }, () => {
    atUs += 1_000 + below(40) * 1_000_000
    return {
      atUs,
      fingerprint: `prompt-${below(4)}`,
      keyId: `key-${below(2)}`,
      outcome: (['succeeded', 'succeeded', 'partial', 'failed', 'cancelled'] as const)[below(5)] ?? 'succeeded',
      sandbox: below(5) === 0,
      requestId: uuidv7({ msecs: Math.floor(atUs / 1_000) }),
      attemptId: uuidv7({ msecs: Math.floor(atUs / 1_000) }),
    }
  })
}

export function reportRules(opened: () => OpenedLedger): void {
  const planned = plannedRequests(1_300)
  const costOf = ({ atUs }: Planned): bigint => BigInt(atUs % 1_000_003)

  beforeAll(async () => {
    const { ledger, owner } = opened()
    await Promise.all(
      planned.map(async (each) => {
        const { atUs, fingerprint, keyId, outcome, sandbox } = each
        const reserve = newReserve(owner, {
          request: { id: each.requestId, createdUs: atUs, fingerprint, keyId, sandbox },
          attempt: { id: each.attemptId, createdUs: atUs, pricedAtUs: atUs, sandbox },
          sandbox,
        })
        await ledger.reserve(reserve)
        const isMade = outcome !== 'failed'
        // The client left; its pictures were made and kept all the same.
        const madeAs = outcome === 'partial' ? outcome : 'succeeded'
        await ledger.settle(
          newSettle(reserve, {
            settledUs: atUs + 1_000,
            outcome: isMade ? madeAs : 'error',
            charges: isMade ? [charge(costOf(each)), charge(1n, { meter: 'requests' })] : [],
            finish: newFinish({
              outcome: isMade ? outcome : 'error',
              imagesReturned: isMade ? 1 : 0,
              finishedUs: atUs + 1_000,
            }),
          }),
        )
      }),
    )
  }, 120_000)

  const ofSpan = planned.filter(({ sandbox }) => !sandbox)
  const made = ofSpan.filter(({ outcome }) => outcome !== 'failed')

  test('repeats are what the requests say one by one: equal ones of a key that had succeeded less than a minute before', async () => {
    const last = new Map<string, Planned>()
    const expected: { requestId: string; attemptId: string; costNanoUsd: bigint }[] = []
    for (const each of made) {
      const name = `${each.keyId} ${each.fingerprint}`
      const before = last.get(name)
      if (before && before.outcome !== 'cancelled' && each.atUs - before.atUs <= WITHIN_US)
        expected.push({ requestId: each.requestId, attemptId: each.attemptId, costNanoUsd: costOf(each) + 1n })
      last.set(name, each)
    }
    expect(expected.length).toBeGreaterThan(100)
    expect(expected.length).toBeLessThan(made.length / 2)
    const found = await opened().ledger.read.reports.repeats({ ...span, withinUs: WITHIN_US })
    expect(found).toEqual(expected.sort((one, other) => (one.attemptId < other.attemptId ? -1 : 1)))
  })

  test('a repeat of what was before the time is none', async () => {
    const { reports } = opened().ledger.read
    const all = await reports.repeats({ ...span, withinUs: WITHIN_US })
    const first = planned.find(({ requestId }) => requestId === all[0]?.requestId)
    const later = await reports.repeats({ ...span, fromUs: Math.floor((first?.atUs ?? 0) / 1_000) * 1_000, withinUs: WITHIN_US })
    expect(later.map(({ requestId }) => requestId)).not.toContain(first?.requestId)
    expect(later.length).toBeGreaterThan(100)
  })

  const idsOf = async (parts: number): Promise<readonly PastCall[]> => {
    const read: PastCall[] = []
    for await (const page of opened().ledger.read.reports.calls({ ...span, parts })) read.push(...page)
    return read
  }

  test('calls come once each, in the order of time, however many pages they take, with what they were charged', async () => {
    const read = await idsOf(4096)
    expect(read.length).toBeGreaterThan(500)
    expect(read.map(({ id, chargedNanoUsd }) => [id, chargedNanoUsd])).toEqual(
      made.map((each) => [each.attemptId, costOf(each) + 1n]).sort(([one], [other]) => (String(one) < String(other) ? -1 : 1)),
    )
    expect(await opened().ledger.read.reports.countCalls(span)).toBe(read.length)
  })

  test('a sample is the same every time, and part of all', async () => {
    const [one, other] = [await idsOf(1024), await idsOf(1024)]
    const all = new Set(made.map(({ attemptId }) => attemptId))
    expect(one).toEqual(other)
    expect(one.every(({ id }) => all.has(id))).toBe(true)
    expect(one.length).toBeGreaterThan(made.length / 8)
    expect(one.length).toBeLessThan(made.length / 2)
  })

  test('money of the time is that of its charges, of each provenance', async () => {
    const money = await opened().ledger.read.reports.money(span)
    expect(money.totalNanoUsd).toBe(made.reduce((sum, each) => sum + costOf(each) + 1n, 0n))
    expect(money.charges).toBe(made.length * 2)
    expect(money.byProvenance).toEqual([{ provenance: 'metered', costNanoUsd: money.totalNanoUsd }])
  })
}
