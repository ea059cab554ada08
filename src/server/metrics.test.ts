import { describe, expect, it } from 'vitest'
import type { FinishedCall } from '../gateway/conclude.ts'
import { createLabelSet } from './metric-labels.ts'
import { createServerMetrics } from './metrics.ts'

const nothing = new Map()
const sources = {
  gateway: { inFlight: { size: 0, joined: { count: 0, savedNanoUsd: 0n } } },
  services: {
    spool: { bytesInMemory: 0 },
    ledger: { stats: () => ({ queuedCommands: 0, commits: 0 }) },
    clock: { nowUs: () => 0 },
  },
  current: () => ({ brokenRoutes: nothing, providers: nothing, offers: [], priceSet: { books: [] } }),
  health: { view: () => nothing },
  quality: { evidence: () => [] },
  budgets: { uses: () => [] },
  alerts: { status: () => [] },
  freeBytes: () => undefined,
  imagesNotKept: () => 0,
} as unknown as Parameters<typeof createServerMetrics>[0]

const call = (more: object, attempt: object = {}): FinishedCall =>
  ({
    reserved: { attempt: { offer: 'a:x/y', provider: 'a', kind: 'primary', holdNanoUsd: 50_000_000n, ...attempt } },
    result: { kind: 'done' },
    settlement: { kind: 'charged', totalNanoUsd: 40_000_000n, findings: [] },
    outcome: 'succeeded',
    record: { imagesMade: 1 },
    durationUs: 1_000_000,
    ...more,
  }) as unknown as FinishedCall
const samples = (text: string): string[] => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))

describe('labels', () => {
  it('beyond the most are other, and those seen before stay', () => {
    const set = createLabelSet(2)
    expect(['a', 'b', 'c', 'a', 'd', 'x'.repeat(500)].map((value) => set.of(value))).toEqual([
      'a',
      'b',
      'other',
      'a',
      'other',
      'other',
    ])
  })

  it('are bounded whatever offers, providers and routes are called', async () => {
    const metrics = createServerMetrics(sources)
    const hostile = (index: number): string => `p${index}:x"}\n evil{a="${'\\'.repeat(index % 5)}/${index}`
    const fill = (from: number, to: number): void => {
      for (let index = from; index < to; index++) {
        metrics.call(call({}, { offer: hostile(index), provider: hostile(index) }), hostile(index))
        metrics.cost(hostile(index), 1n, 1)
        metrics.answer({ route: hostile(index), costNanoUsd: 1n, baselineNanoUsd: 2n })
      }
    }
    fill(0, 2_000)
    const before = samples(await metrics.render())
    fill(2_000, 4_000)
    const after = samples(await metrics.render())
    expect(after.length).toBe(before.length)
    expect(after.length).toBeLessThan(3_000)
    // A line is a sample still: nothing broke out of its quotes.
    expect(after.filter((line) => !/^[a-z_]+(\{.*\})? \S+$/.test(line))).toEqual([])
  })
})

describe('a call', () => {
  const sampleOf = async (finished: FinishedCall, sample: string): Promise<number | undefined> => {
    const metrics = createServerMetrics(sources)
    metrics.call(finished, 'auto')
    const line = samples(await metrics.render()).find((it) => it.startsWith(`${sample} `))
    return line === undefined ? undefined : Number(line.split(' ').at(-1))
  }
  const refused = {
    result: { kind: 'failed', failure: { code: 'content_refused', stage: 'after' } },
    outcome: 'refused',
    record: { imagesMade: 0 },
  }
  it.each([
    ['counts with its outcome', call({}), 'halftone_calls_total{offer="a:x/y",outcome="succeeded"}', 1],
    ['counts with its kind', call({}, { kind: 'fallback' }), 'halftone_call_kinds_total{kind="fallback"}', 1],
    ['costs', call({}), 'halftone_call_cost_usd_total{provider="a",route="auto"}', 0.04],
    ['that made nothing is waste', call({ record: { imagesMade: 0 } }), 'halftone_waste_usd_total{provider="a"}', 0.04],
    ['that made something is none', call({}), 'halftone_waste_usd_total{provider="a"}', undefined],
    ['that was refused says when', call(refused), 'halftone_refusals_total{provider="a",stage="after"}', 1],
    ['that failed has its code', call(refused), 'halftone_call_errors_total{provider="a",code="content_refused"}', 1],
    [
      'of unknown outcome counts its hold',
      call({ settlement: { kind: 'unknown' } }),
      'halftone_unknown_usd_total{provider="a"}',
      0.05,
    ],
    [
      'above its hold is a finding',
      call({ settlement: { kind: 'charged', totalNanoUsd: 60_000_000n, findings: [] } }),
      'halftone_price_findings_total{provider="a"}',
      1,
    ],
  ])('%s', async (_, finished, sample, value) => {
    expect(await sampleOf(finished, sample)).toBe(value)
  })
})
