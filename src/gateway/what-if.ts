/** Past calls priced again under other decisions: reads them in pages, a sample of them where there are many. */
import { pastKinds } from '../core/report/past-call.ts'
import { slicesOf } from '../core/report/slices.ts'
import { startWhatIf, type WhatIfResult } from '../core/report/what-if.ts'
import type { LedgerInsight, ReportSpan } from '../ports/ledger.ts'
import type { GatewayServices, GatewayState } from './state.ts'
import type { Turns } from './turns.ts'

export interface WhatIfOptions {
  readonly state: GatewayState
  readonly services: Pick<GatewayServices, 'ledger'>
  readonly span: ReportSpan
  /** About how many calls are looked at, at most. */
  readonly mostCalls: number
  readonly turns: Turns
}

/** The same words again so soon after they had succeeded: more likely sent twice than wanted twice. */
export const REPEATS_WITHIN_US = 60_000_000

export async function whatIf({ state, services, span, mostCalls, turns }: WhatIfOptions): Promise<WhatIfResult> {
  const { fromUs, toUs, sandbox } = span
  const population = await callsIn(services.ledger.insight, span)
  const slices = slicesOf({ fromUs, toUs }, mostCalls / population)
  const { offers, prices, routes, quality, qualityLevels } = state
  const basis = { offers, prices, routes, quality, qualityLevels }
  const work = startWhatIf(slices.length === 1 ? basis : { ...basis, sample: { slices: slices.length, population } })
  const past = services.ledger.read.reports.calls({ slices, sandbox, repeatsWithinUs: REPEATS_WITHIN_US })
  for await (const page of past) {
    for (const call of page) {
      work.add(call)
      await turns.next()
    }
  }
  return await turns.through(work.result())
}

const kinds: ReadonlySet<string | undefined> = new Set(pastKinds)

/** How many calls made pictures, by the sums that are kept: no look at the calls themselves. */
async function callsIn(insight: LedgerInsight, { fromUs, toUs, sandbox }: ReportSpan): Promise<number> {
  const answer = await insight.sums({ sandbox, fromUs, toUs, grain: 'none', dimensions: ['kind'] })
  if (!answer) throw new Error('no sums are kept by the kind of calls')
  return answer.cells.reduce((sum, { values, sums }) => (kinds.has(values.kind) ? sum + sums.attemptsSucceeded : sum), 0)
}
