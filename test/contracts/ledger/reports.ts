import { v7 as uuidv7 } from 'uuid'
import { beforeAll, expect, test } from 'vitest'
import type { PastCall } from '../../../src/core/report/past-call.ts'
import type { Slice } from '../../../src/core/report/slices.ts'
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

  const callsOf = async (slices: readonly Slice[]): Promise<readonly PastCall[]> => {
    const read: PastCall[] = []
    const query = { slices, sandbox: false, repeatsWithinUs: WITHIN_US }
    for await (const page of opened().ledger.read.reports.calls(query)) read.push(...page)
    return read
  }
  const inOrder = (one: Planned, other: Planned): number => (one.attemptId < other.attemptId ? -1 : 1)

  /** What the requests say one by one: equal ones of a key that had succeeded less than a minute before. */
  function repeatsOf(requests: readonly Planned[]): ReadonlySet<string> {
    const last = new Map<string, Planned>()
    return new Set(
      requests.flatMap((each) => {
        const name = `${each.keyId} ${each.fingerprint}`
        const before = last.get(name)
        last.set(name, each)
        return before && before.outcome !== 'cancelled' && each.atUs - before.atUs <= WITHIN_US ? [each.attemptId] : []
      }),
    )
  }

  test('calls come once each, in the order of time, however many pages they take, with what they were charged', async () => {
    const read = await callsOf([span])
    expect(read.length).toBeGreaterThan(500)
    expect(read.map(({ id, chargedNanoUsd }) => [id, chargedNanoUsd])).toEqual(
      [...made].sort(inOrder).map((each) => [each.attemptId, costOf(each) + 1n]),
    )
  })

  test('they say which of them repeat what had been paid for', async () => {
    const expected = repeatsOf(made)
    expect(expected.size).toBeGreaterThan(100)
    expect(expected.size).toBeLessThan(made.length / 2)
    const found = (await callsOf([span])).filter(({ repeats }) => repeats)
    expect(new Set(found.map(({ id }) => id))).toEqual(expected)
  })

  test('slices of a time have the calls of those moments, and know of repeats of what came before them', async () => {
    const first = made.find(({ attemptId }) => repeatsOf(made).has(attemptId))
    const startUs = Math.floor((first?.atUs ?? 0) / 1_000) * 1_000
    const slices = [
      { fromUs: startUs, toUs: startUs + 1_200_000_000 },
      { fromUs: startUs + 1_800_000_000, toUs: startUs + 3_600_000_000 },
    ]
    const expected = [...made].sort(inOrder).flatMap((each) => {
      const slice = slices.findIndex(({ fromUs, toUs }) => each.atUs >= fromUs && each.atUs < toUs)
      return slice < 0 ? [] : [{ id: each.attemptId, slice, repeats: repeatsOf(made).has(each.attemptId) }]
    })
    const read = await callsOf(slices)
    expect(read.map(({ id, slice, repeats = false }) => ({ id, slice, repeats }))).toEqual(expected)
    expect(expected.filter(({ repeats }) => repeats).length).toBeGreaterThan(5)
  })

  test('money of the time is that of its charges, of each provenance', async () => {
    const money = await opened().ledger.read.reports.money(span)
    expect(money.totalNanoUsd).toBe(made.reduce((sum, each) => sum + costOf(each) + 1n, 0n))
    expect(money.charges).toBe(made.length * 2)
    expect(money.byProvenance).toEqual([{ provenance: 'metered', costNanoUsd: money.totalNanoUsd }])
  })
}
