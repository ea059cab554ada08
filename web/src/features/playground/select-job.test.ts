import { describe, expect, it } from 'vitest'
import type { JobCandidateWire } from '../../../../src/contract/quote.ts'
import { isWithin, jobOf, selectJob } from './select-job.ts'

const candidate = (offer: string, over: Partial<JobCandidateWire> = {}): JobCandidateWire => ({
  offer,
  size: '512x512',
  quality: 'low',
  lane: 'standard',
  calls: 10,
  min_usd: '1',
  expected_usd: '1.2',
  max_usd: '2',
  allowance_usd: '0.1',
  allowance_from: 'assumed',
  allowance_attempts: 0,
  in_time: 'yes',
  duration_ms: 7_200_000,
  reasons: [],
  eligible: true,
  quality_score: null,
  frontier: false,
  ...over,
})
const view = (candidates: JobCandidateWire[], deadline_ms: number | null = null) =>
  selectJob({ count: 10, deadline_ms, candidates })

describe('a job of many pictures', () => {
  it('late candidates stand at the end, and before them those the route would not choose', () => {
    const { rows } = view(
      [candidate('other', { eligible: false }), candidate('late', { in_time: 'no' }), candidate('a'), candidate('b')],
      3_600_000,
    )
    expect(rows.map(({ offer }) => offer)).toEqual(['a', 'b', 'other', 'late'])
  })

  it.each([
    [{}, null, 'takes about 2 h 00 min, if its provider keeps up'],
    [{ duration_ms: null }, null, 'time not known'],
    [{ duration_ms: null, in_time: 'unknown' }, 3_600_000, 'nobody knows whether it is in time'],
    [{ in_time: 'no' }, 3_600_000, 'too late: takes about 2 h 00 min, if its provider keeps up'],
    [{ in_time: 'no', duration_ms: null }, 3_600_000, 'too late'],
  ] as const)('time is said as far as it is known: %o', (over, deadline, text) => {
    expect(view([candidate('a', over)], deadline).rows[0]?.time).toBe(text)
  })

  it('a range is told where there is one, and an unknown bound as that', () => {
    const { rows } = view([
      candidate('a'),
      candidate('b', { max_usd: null }),
      candidate('c', { min_usd: '2', max_usd: '2', lane: 'batch' }),
    ])
    expect(rows.map(({ range }) => range)).toEqual(['$1.00 to $2.00', 'from $1.00, no upper bound known', ''])
    expect(rows[2]?.product).toBe('low, 512x512, batch')
  })

  it('what does not fit is counted', () => {
    expect(view('abcdefg'.split('').map((offer) => candidate(offer)))).toMatchObject({ more: 2 })
    const late = view('abcdefg'.split('').map((offer, index) => candidate(offer, { in_time: index < 4 ? 'yes' : 'no' })))
    expect([late.rows.length, late.more]).toEqual([6, 1])
  })

  it('a lane that answers in its own time is no choice for one picture, and not for want of the route', () => {
    const { rows } = view([
      candidate('a'),
      candidate('b', { eligible: false }),
      candidate('c', { eligible: false, lane: 'batch' }),
    ])
    expect(rows.map(({ apart }) => apart)).toEqual(['', 'not a choice of the route', 'in its own time'])
  })

  it('the question names a deadline only where there is one', () => {
    expect([jobOf(5, undefined), jobOf(5, 24)]).toEqual([{ count: 5 }, { count: 5, deadline_ms: 86_400_000 }])
    expect([isWithin(24), isWithin(25), isWithin('24')]).toEqual([true, false, false])
  })
})
