/** Past calls priced again under other decisions: reads them in pages, a sample of them where there are many. */
import { setImmediate } from 'node:timers/promises'
import { startWhatIf, type WhatIfResult } from '../core/report/what-if.ts'
import type { ReportSpan } from '../ports/ledger.ts'
import type { GatewayServices, GatewayState } from './state.ts'

export interface WhatIfOptions {
  readonly state: GatewayState
  readonly services: Pick<GatewayServices, 'ledger' | 'clock'>
  readonly span: ReportSpan
  /** About how many calls are looked at, at most. */
  readonly mostCalls: number
  readonly signal: AbortSignal
}

const PARTS = 4096
/** The event loop gets its turn between slices of this length. */
const SLICE_MS = 20

export async function whatIf({ state, services, span, mostCalls, signal }: WhatIfOptions): Promise<WhatIfResult> {
  const { ledger, clock } = services
  const population = await ledger.read.reports.countCalls(span)
  const parts = population <= mostCalls ? PARTS : Math.max(1, Math.floor((PARTS * mostCalls) / population))
  const { offers, prices, routes, quality, qualityLevels } = state
  const work = startWhatIf({ offers, prices, routes, quality, qualityLevels, population })
  let sliceEndsMs = clock.monotonicMs() + SLICE_MS
  for await (const page of ledger.read.reports.calls({ ...span, parts })) {
    for (const call of page) {
      work.add(call)
      if (clock.monotonicMs() < sliceEndsMs) continue
      signal.throwIfAborted()
      await setImmediate()
      sliceEndsMs = clock.monotonicMs() + SLICE_MS
    }
  }
  return work.result()
}
