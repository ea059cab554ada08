/** Past calls priced again under other decisions: reads them in pages, a sample of them where there are many. */
import { startWhatIf, type WhatIfResult } from '../core/report/what-if.ts'
import type { ReportSpan } from '../ports/ledger.ts'
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

const PARTS = 4096

export async function whatIf({ state, services, span, mostCalls, turns }: WhatIfOptions): Promise<WhatIfResult> {
  const { reports } = services.ledger.read
  const population = await reports.countCalls(span)
  const parts = population <= mostCalls ? PARTS : Math.max(1, Math.floor((PARTS * mostCalls) / population))
  const { offers, prices, routes, quality, qualityLevels } = state
  const work = startWhatIf({ offers, prices, routes, quality, qualityLevels, population })
  for await (const page of reports.calls({ ...span, parts })) {
    for (const call of page) {
      work.add(call)
      await turns.next()
    }
  }
  return await turns.through(work.result())
}
