import { describe, expect, it } from 'vitest'
import type { Explanation } from '../../../../src/contract/records.ts'
import { selectDecision, selectFloor, selectGrounds, selectLeftOut, selectObservation } from './select-decision.ts'

type Candidate = Explanation['candidates'][number]

const candidate = (change: Partial<Candidate> = {}): Candidate => ({
  offer: 'openai:openai/gpt-image-2',
  size: '1024x1024',
  quality: 'medium',
  finishing: [],
  expected_usd: '0.04',
  max_usd: '0.05',
  score: 0.041234567,
  success: 0.981,
  observations: 12.4,
  in_vain_usd: null,
  lateness_usd: null,
  ...change,
})

const explanation = (change: Partial<Explanation> = {}): Explanation => ({
  object: 'explanation',
  request_id: 'r',
  record_deleted_at: null,
  route: 'auto',
  objective: 'cost',
  price_book: 'sha256:1',
  snapshot: null,
  observation: null,
  candidates: [],
  eliminated_counts: {},
  eliminated: [],
  explored: null,
  floor: null,
  ...change,
})

describe('the decision', () => {
  it.each([
    [{ observations: 12.4 }, '98.1%', 'of 12 tries'],
    [{ observations: 0.3 }, '98.1%', 'of 1 try'],
    [{ observations: 0 }, '98.1%', 'prior'],
    [{ observations: null }, '98.1%', ''],
    [{ success: null, observations: 3 }, 'not kept', ''],
  ] satisfies [Partial<Candidate>, string, string][])(
    'a chance of success says what it rests on: %o',
    (change, success, basis) => {
      expect(selectDecision(explanation({ candidates: [candidate(change)] }), [])).toMatchObject([{ success, basis }])
    },
  )

  it('what people said against a candidate under higher floors stands at it', () => {
    const feedback = { fails_at: 1_200, rejected: 3, accepted: 0, since: '2026-11-20T10:00:00Z', until: '2026-11-23T08:30:00Z' }
    const [row] = selectDecision(explanation({ candidates: [candidate({ feedback })] }), [])
    expect(row?.terms).toEqual([expect.stringContaining('rejected 3 times since 2026-11-20 under a floor of 1200')])
  })

  it('the floor says whose it is, and which offers it left out and why', () => {
    const left = (offer: string, reason: string) => ({ offer, reason, detail: `${offer}: ${reason}`, param: null })
    const eliminated = [left('a', 'floor'), left('b', 'size')]
    const floor = { name: 'high', because: 'easy' as const, otherwise: 'top' }
    expect(selectFloor(explanation({ floor, eliminated }))).toEqual({
      text: 'high, because the prompt was taken for easy; otherwise it is top',
      below: [{ offer: 'a', detail: 'a: floor' }],
    })
    expect(selectFloor(explanation({ eliminated }))?.text).toBeUndefined()
    expect(selectFloor(explanation())).toBeUndefined()
  })

  it('what the score adds to the price is said, and only what weighs anything', () => {
    const [plain, weighed] = selectDecision(
      explanation({
        candidates: [
          candidate({ in_vain_usd: 0, lateness_usd: 0 }),
          candidate({ planned_usd: 0.03, shadow_usd: 0.002, in_vain_usd: 0.0004, lateness_usd: 0.01 }),
        ],
      }),
      [],
    )
    expect(plain?.terms).toEqual([])
    expect(weighed?.terms).toEqual([
      'compared by $0.03, the tier the month is planned to reach',
      'less $0.002 for a minimum spend that is not met',
      'tries in vain $0.0004',
      'lateness weighs $0.01',
    ])
  })

  it('candidates that differ in their finishing alone are told apart', () => {
    const rows = selectDecision(explanation({ candidates: [candidate(), candidate({ finishing: ['enlarge to 2048x2048'] })] }), [
      'openai:openai/gpt-image-2',
    ])
    expect(new Set(rows.map(({ key }) => key)).size).toBe(2)
    expect(rows.map(({ rank, tried }) => [rank, tried])).toEqual([
      [1, true],
      [2, true],
    ])
  })

  it('the grounds name route version, prices, plan, configuration and experience', () => {
    const snapshot = { config: 'cfg', route_managed_by: 'api', route_version: 3, experience: 'node, 12' } as const
    expect(selectGrounds(explanation({ snapshot, month_plan: 'plan 7' }))).toEqual([
      ['Route', 'version 3, made by API'],
      ['Price book', 'sha256:1'],
      ['Plan of the month', 'plan 7'],
      ['Configuration', 'cfg'],
      ['Learned up to then', 'node, 12'],
    ])
    expect(selectGrounds(explanation())).toEqual([['Price book', 'sha256:1']])
  })

  it('a route on trial says who served, and what the other would have cost', () => {
    const named = { offer: 'a', quality: 'high', expected_usd: '0.1' }
    const routed = { offer: 'b', quality: null, expected_usd: '0.04' }
    expect(selectObservation({ arm: 'observed', observes: 'a', named, routed, saved_usd: '0.06' })).toEqual([
      ['Served by', 'a, as it was named'],
      ['The named model', 'a, high: $0.10'],
      ['The route would have taken', 'b: $0.04'],
      ['It would have saved', '$0.06'],
    ])
    expect(selectObservation({ arm: 'routed', observes: 'a', named: null, routed, saved_usd: null })).toEqual([
      ['Served by', 'the route'],
      ['The named model', 'could not serve it'],
      ['The route took', 'b: $0.04'],
    ])
  })

  it('reasons are counted by the gateway, also where their offers are not listed', () => {
    const eliminated = [{ offer: 'a', reason: 'size', detail: 'makes 512x512', param: 'size' }]
    expect(selectLeftOut(explanation({ eliminated_counts: { unpriced: 1, size: 7 }, eliminated }))).toEqual([
      { reason: 'size', count: 7, example: 'makes 512x512' },
      { reason: 'unpriced', count: 1, example: '' },
    ])
  })
})
