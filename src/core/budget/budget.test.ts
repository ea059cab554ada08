import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { admit, type BudgetCounter, correctSpent, settleHold } from './counter.ts'
import { budgetPeriods, periodEndUs, periodStartUs } from './period.ts'

const us = (iso: string): number => Date.parse(iso) * 1000

describe('periods', () => {
  test.each([
    ['day', '2026-11-22T10:30:00Z', '2026-11-22T00:00:00Z', '2026-11-23T00:00:00Z'],
    ['day', '2026-12-31T23:59:59.999Z', '2026-12-31T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['day', '2028-02-29T00:00:00Z', '2028-02-29T00:00:00Z', '2028-03-01T00:00:00Z'],
    ['month', '2026-11-22T10:30:00Z', '2026-11-01T00:00:00Z', '2026-12-01T00:00:00Z'],
    ['month', '2026-12-31T23:59:59.999Z', '2026-12-01T00:00:00Z', '2027-01-01T00:00:00Z'],
    ['month', '2028-02-29T12:00:00Z', '2028-02-01T00:00:00Z', '2028-03-01T00:00:00Z'],
  ] as const)('%s of %s starts at %s and ends at %s', (period, at, start, end) => {
    expect(periodStartUs(period, us(at))).toBe(us(start))
    expect(periodEndUs(period, us(start))).toBe(us(end))
  })

  test('total has one period without an end', () => {
    expect(periodStartUs('total', us('2026-11-22T10:30:00Z'))).toBe(0)
    expect(periodEndUs('total', 0)).toBeNull()
  })

  test('every instant lies in exactly the period that starts at or before it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...budgetPeriods), fc.integer({ min: 0, max: us('2254-12-31T00:00:00Z') }), (period, at) => {
        const start = periodStartUs(period, at)
        expect(start).toBeLessThanOrEqual(at)
        expect(periodStartUs(period, start)).toBe(start)
        const end = periodEndUs(period, start)
        if (end === null) return
        expect(at).toBeLessThan(end)
        expect(periodStartUs(period, end)).toBe(end)
      }),
    )
  })
})

describe('counters', () => {
  const empty: BudgetCounter = { spentNanoUsd: 0n, heldNanoUsd: 0n }

  test.each([
    ['exactly the limit', 100n, true, 100n, 'admitted'],
    ['one nano more', 100n, true, 101n, 'refused'],
    ['one nano more, softly', 100n, false, 101n, 'admitted'],
    ['nothing of nothing', 0n, true, 0n, 'admitted'],
    ['something of nothing', 0n, true, 1n, 'refused'],
  ] as const)('%s', (_name, limitNanoUsd, hard, hold, kind) => {
    expect(admit(empty, { limitNanoUsd, hard }, hold).kind).toBe(kind)
  })

  test('what remains is never negative, even after a settle beyond the limit', () => {
    const over = settleHold({ spentNanoUsd: 0n, heldNanoUsd: 10n }, 10n, 500n)
    expect(admit(over, { limitNanoUsd: 100n, hard: true }, 1n)).toEqual({ kind: 'refused', remainingNanoUsd: 0n })
  })

  test('with settles at or below their holds no order of events passes a hard limit, and everything settled adds up', () => {
    const amounts = fc.bigInt({ min: 0n, max: 50n })
    const events = fc.array(fc.record({ hold: amounts, share: fc.integer({ min: 0, max: 100 }), settle: fc.boolean() }))
    fc.assert(
      fc.property(events, fc.bigInt({ min: 0n, max: 300n }), (steps, limitNanoUsd) => {
        let counter = empty
        let spent = 0n
        let held = 0n
        for (const { hold, share, settle } of steps) {
          const admission = admit(counter, { limitNanoUsd, hard: true }, hold)
          if (admission.kind === 'refused') {
            expect(hold).toBeGreaterThan(admission.remainingNanoUsd)
            continue
          }
          counter = admission.counter
          held += hold
          if (settle) {
            const cost = (hold * BigInt(share)) / 100n
            counter = settleHold(counter, hold, cost)
            held -= hold
            spent += cost
          }
          expect(counter).toEqual({ spentNanoUsd: spent, heldNanoUsd: held })
          expect(counter.spentNanoUsd + counter.heldNanoUsd).toBeLessThanOrEqual(limitNanoUsd)
        }
      }),
    )
  })

  test('a correction and its opposite change nothing', () => {
    fc.assert(
      fc.property(fc.bigInt(), fc.bigInt(), (spentNanoUsd, delta) => {
        const counter = { spentNanoUsd, heldNanoUsd: 3n }
        expect(correctSpent(correctSpent(counter, delta), -delta)).toEqual(counter)
      }),
    )
  })
})
