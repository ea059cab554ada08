import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type BreakerEvent, type BreakerState, breakerView, initialBreaker, reduceBreaker } from './breaker.ts'

const SECOND = 1_000_000
const run = (events: readonly BreakerEvent['kind'][], nowUs = 0): BreakerState =>
  events.reduce((state, kind) => reduceBreaker(state, { kind }, nowUs, 0.5), initialBreaker)

describe('breaker', () => {
  test('one failure leaves it closed, two in a row open it', () => {
    expect(breakerView(run(['failure']), 0)).toBe('closed')
    expect(breakerView(run(['failure', 'failure']), 0)).toBe('open')
  })
  test('successes in between pay for a failure', () => {
    expect(breakerView(run(['failure', 'success', 'success', 'success', 'failure']), 0)).toBe('closed')
  })
  test('after its pause exactly one probe may pass', () => {
    const open = run(['failure', 'failure'])
    const later = 20 * SECOND
    expect(breakerView(open, later)).toBe('half_open')
    expect(breakerView(reduceBreaker(open, { kind: 'dispatch' }, later, 0.5), later)).toBe('open')
  })
  test('a good probe closes it, a bad one opens it for longer', () => {
    const probing = reduceBreaker(run(['failure', 'failure']), { kind: 'dispatch' }, 20 * SECOND, 0.5)
    expect(breakerView(reduceBreaker(probing, { kind: 'success' }, 20 * SECOND, 0.5), 20 * SECOND)).toBe('closed')
    const again = reduceBreaker(probing, { kind: 'failure' }, 20 * SECOND, 0.5)
    expect(breakerView(again, 35 * SECOND)).toBe('open')
    expect(breakerView(again, 41 * SECOND)).toBe('half_open')
  })
  test('a clock that was set back opens it for no longer than its longest pause', () => {
    const open = run(['failure', 'failure'], 7_200 * SECOND)
    expect(breakerView(open, 7_199 * SECOND)).toBe('open')
    expect(breakerView(open, 3_600 * SECOND)).toBe('half_open')
  })
  test('replaying the same events gives the same state', () => {
    const event = fc.record({
      kind: fc.constantFrom<BreakerEvent['kind']>('success', 'failure', 'dispatch'),
      at: fc.integer({ min: 0, max: 600 }),
    })
    fc.assert(
      fc.property(fc.array(event), (events) => {
        const replay = () =>
          events.reduce((state, { kind, at }) => reduceBreaker(state, { kind }, at * SECOND, 0.3), initialBreaker)
        expect(replay()).toEqual(replay())
      }),
    )
  })
})
